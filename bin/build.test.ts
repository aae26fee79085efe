/** The program in one piece does what its sources do, and finds their files. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ensureProgram } from './build.ts';
import { findFreshProgram } from './fresh-program.js';

const commandMaxMs = 60_000;
const sources = fileURLToPath(new URL('../cli/main.ts', import.meta.url));

test('it is built once of the same sources, and says what they say', async () => {
  await ensureProgram();
  const program = findFreshProgram();
  assert.ok(program !== undefined);
  await ensureProgram();
  assert.equal(findFreshProgram(), program);
  for (const args of [['--version'], ['--help'], ['check']]) {
    const [built, plain] = [program, sources].map((path) =>
      execFileSync(process.execPath, [path, ...args], { encoding: 'utf8', timeout: commandMaxMs }),
    );
    assert.equal(built, plain, args.join(' '));
  }
});
