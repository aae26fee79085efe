/** `npm run docs`: writes the generated pages; `test/tidy.check.ts` compares them with the tables. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder, renderPages } from './pages.ts';

for (const [path, text] of await renderPages()) {
  writeFileSync(join(projectFolder, path), text);
  console.log(`wrote ${path}`);
}
