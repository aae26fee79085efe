/** The built program runs only while it is what the sources say. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { findFreshProgram, stampOf } from './fresh-program.js';

interface Program {
  readonly folder: string;
  readonly list: string;
  readonly main: string;
  readonly source: string;
}

function makeProgram(t: TestContext): Program {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-program-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [source, main, list] = ['a source.ts', '.build/1/main.js', '.build/program.json'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  mkdirSync(join(folder, '.build', '1'), { recursive: true });
  writeFileSync(source, 'export {};');
  writeFileSync(main, '');
  const sources = { '../a source.ts': stampOf(source) };
  writeFileSync(list, JSON.stringify({ main: '1/main.js', sources }));
  return { folder, list, main, source };
}

test('a program that is what its sources say is found', (t) => {
  const { list, main } = makeProgram(t);
  assert.equal(findFreshProgram(list), main);
});

const changes: Readonly<Record<string, (program: Program) => void>> = {
  'nothing was built': ({ folder }) => rmSync(join(folder, '.build'), { recursive: true }),
  'a source is longer': ({ source }) => appendFileSync(source, '\n'),
  'a source was written again': ({ source }) => utimesSync(source, 1, 1),
  'a source is gone': ({ source }) => rmSync(source),
  'the build is gone': ({ main }) => rmSync(main),
  'the list was cut short': ({ list }) => writeFileSync(list, '{"main": "1/ma'),
  'the list says something else': ({ list }) => writeFileSync(list, '{"main": 1}'),
};

for (const [what, change] of Object.entries(changes))
  test(`the sources run where ${what}`, (t) => {
    const program = makeProgram(t);
    change(program);
    assert.equal(findFreshProgram(program.list), undefined);
  });
