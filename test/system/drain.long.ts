/** A pool that ends as a whole empties none of its edges first. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPairs } from '../support/oct-moves.ts';
import { startPool } from '../support/pool.ts';

test('a pool that stops as a whole does not wait for sessions to move', async (t) => {
  const pool = await startPool(t, { env: { CT_STOP_GRACE_MS: '30000' } });
  await openPairs(t, pool, 3);
  assert.equal(await pool.stop(), undefined);
  assert.deepEqual(
    pool.lines.filter(({ event }) => event === 'drain.started' || event === 'session.moved'),
    [],
  );
});
