/** What supports of tests start ends with the test's process, also where nobody comes to their hooks. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { makeDataDir } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';

const program = join(import.meta.dirname, '../support/failing-hook.ts');
const endMaxMs = 90_000;

test('a hook that fails keeps neither the test’s process nor pool, front door or edge alive', async (t) => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, [program, makeDataDir(t)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: endMaxMs,
  });
  t.after(() => child.kill('SIGKILL'));
  const output = await text(child.stdout);
  const { pids } = JSON.parse(/\{"pids":.*\}/.exec(output)?.[0] ?? '{"pids":[]}') as { pids: number[] };
  t.after(() => pids.filter((pid) => runs(pid)).forEach((pid) => process.kill(pid, 'SIGKILL')));
  assert.equal(pids.length, 6, output);
  await eventually(() => child.exitCode !== null || child.signalCode !== null, 'it has ended');
  assert.deepEqual([child.exitCode, child.signalCode], [1, null], output);
  assert.match(output, /a hook that fails/);
  await eventually(() => !pids.some(runs), 'all of its processes have ended');
});

/** One that ended and that nobody has asked for yet runs no more. */
function runs(pid: number): boolean {
  return existsSync(`/proc/${pid}/exe`);
}
