/** `docs/original-product.md`: what administrators of the original product know, where it works here, and the tests that hold it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { classifyForeignName } from '#shared/settings/known-names.ts';
import { settingsSchema } from '#shared/settings/schema.ts';
import { renderTable } from './markdown-table.ts';
import { originalSections } from './original-row.ts';
import type { OriginalRow } from './original-row.ts';
import { originalRows } from './original-rows.ts';

const projectFolder = join(import.meta.dirname, '..', '..');
const trial = 'test/system/original-product.test.ts';

const intro = `# What of the original product is here

For administrators who know the on-premises server that this one takes the place of. **Single server** is \`mooring direct\`, **several
servers** are front doors on one database with edges of their own. What is tried in both modes, with the names and paths of the
original, is tried by [${trial}](../${trial}); the other tests that hold a row are named beside it.`;

export function renderOriginalPage(): string {
  const rows: readonly OriginalRow[] = Object.values(originalRows);
  for (const row of rows) assertHeld(row);
  const sections = Object.entries(originalSections).map(([section, title]) => {
    const own = rows.filter((row) => row.section === section);
    const head = ['The original product', 'Here', 'Single server', 'Several servers', 'Tests'];
    return `## ${title}\n\n${renderTable(head, own.map(cellsOf))}`;
  });
  return [intro, ...sections].join('\n\n');
}

function cellsOf({
  original,
  here,
  single = 'yes',
  several = 'yes',
  trial: isTried,
  tests = [],
}: OriginalRow): string[] {
  const named = tests.map((test) => `[${test.split(': ')[1]}](../${test.split(': ')[0]})`);
  return [original, here, single, several, [...(isTried ? ['both modes'] : []), ...named].join('; ')];
}

/** Each test is there by its name, and each variable is one that is known here. */
function assertHeld({ original, trial: isTried, tests = [] }: OriginalRow): void {
  if (!isTried && tests.length === 0) throw new Error(`nothing holds: ${original}`);
  for (const test of tests) {
    const [path = '', name = ''] = test.split(': ');
    if (!readFileSync(join(projectFolder, path), 'utf8').includes(name))
      throw new Error(`no such test: ${test}`);
  }
  for (const [variable] of original.matchAll(/CT_[A-Z_]+/g))
    if (!(variable in settingsSchema) && classifyForeignName(variable, '') !== 'no-meaning')
      throw new Error(`${variable} is not known here`);
}
