/** Where the built dashboard is: made by `build.ts`, ignored by git, read by `built-pages.ts`. */
import { join } from 'node:path';

export const builtFolder = join(import.meta.dirname, '.build');
