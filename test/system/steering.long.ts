/** An administrator evicts a key that nobody uses, and an edge in maintenance is there again: the setting outlives its process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';

test('an idle key is evicted as it is; its edge stays in maintenance over its restart', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '2' } });
  await pool.edgeOf('quiet');
  const { edge } = await pool.where('quiet');
  const mooring = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCommand(t, [...args, '--data-dir', pool.dataDir]);
    assert.deepEqual([code, stderr], [0, '']);
    return stdout;
  };
  await mooring('maintenance', edge);
  await mooring('evict', 'quiet');
  assert.notEqual(await pool.edgeOf('quiet'), edge);
  const pid = await pool.childPid(edge);
  process.kill(pid, 'SIGKILL');
  await eventually(async () => (await pool.childPid(edge)) !== pid, 'another process of the edge');
  const stateOf = async (): Promise<string | undefined> =>
    (await pool.edges()).find(({ id }) => id === edge)?.state;
  await eventually(async () => (await stateOf()) === 'maintenance', 'it is in maintenance again');
  for (let i = 0; i < 10; i++) assert.notEqual(await pool.edgeOf(`later-${i}`), edge);
});
