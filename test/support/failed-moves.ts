/** A session that is to move while somebody dies or hangs: what tests of that begin with, and look at. */
import type { TestContext } from 'node:test';
import type { OctMember } from './oct-client.ts';
import { eventually } from './oct-inbox.ts';
import { enterPoolGuest, enterPoolHost } from './oct-moves.ts';
import { startPool } from './pool.ts';
import type { Pool } from './pool.ts';

interface Scene {
  readonly pool: Pool;
  readonly members: readonly OctMember[];
  readonly key: string;
  readonly from: string;
  readonly to: string;
}

/** A session of two in a pool of its own, and an edge that it might move to. */
export async function openScene(t: TestContext): Promise<Scene> {
  const pool = await startPool(t);
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  const from = await pool.edgeOf(ann.key);
  const to = (await pool.edges()).find(({ id }) => id !== from)!.id;
  return { pool, members: [ann, bob], key: ann.key, from, to };
}

export async function areBack(members: readonly OctMember[]): Promise<void> {
  await eventually(() => members.every(({ socket }) => socket!.connected), 'all are back');
}

export function outcomesOf(pool: Pool): unknown[] {
  return pool.lines.filter(({ event }) => event === 'move.failed').map((line) => line['outcome']);
}
