/** What a pool has to come to whose front door was replaced, or ended: another one serves. */
import assert from 'node:assert/strict';
import { eventually } from './oct-inbox.ts';
import type { Pool } from './pool.ts';

/** Another process serves in the place of the one before. */
export async function serves(pool: Pool, before: number): Promise<void> {
  await eventually(async () => (await pool.childPid('front door')) !== before, 'another one serves');
  await eventually(
    async () => (await pool.edges().catch(() => [{ state: '' }])).every(({ state }) => state === 'ready'),
    'its edge is back',
  );
  assert.equal((await fetch(`${pool.url}/ct-health/`, { headers: { ctstickiness: 'after' } })).status, 200);
}
