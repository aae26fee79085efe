/** Where the built dashboard and the built session page are: made by `build.ts`, ignored by git, read by `built-pages.ts`. */
import { join } from 'node:path';

export const builtFolder = join(import.meta.dirname, '.build');
export const builtSessionPage = join(import.meta.dirname, '..', 'session-page', '.build');
