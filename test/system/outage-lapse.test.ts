/**
 * An edge that stopped itself while the store was away, for it got no processor in time: nobody can have given its keys away
 * meanwhile, so it serves again as soon as every front door that it had says so, and not when the store is back.
 */
import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { test } from 'node:test';
import { request } from 'undici';
import { timing } from '#shared/timing.ts';
import { locatorOf, startEdge } from '../support/edge-process.ts';
import { isReady, startFrontDoor } from '../support/front-door.ts';
import type { LogLine } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';

test('an edge whose lease lapsed during an outage of the store serves its keys again before the end of that', async (t) => {
  const held: Database.Database[] = [];
  // First of all, so that front doors can end whatever fails.
  t.after(() => held.forEach((file) => file.close()));
  const doors = [await startFrontDoor(t)];
  const { dataDir } = doors[0]!;
  doors.push(await startFrontDoor(t, { dataDir }));
  const events: string[] = [];
  const onLine = ({ event }: LogLine): void => void events.push(event);
  const pid = startEdge(t, { id: 'edge-1', locators: doors.map(locatorOf), dataDir, onLine });
  for (const door of doors)
    await eventually(async () => (await door.edges()).some(isReady), 'the edge is ready');
  const owner = await ownerOf(doors[0]!.host);
  assert.equal(owner, 'edge-1:1');

  const holder = new Database(join(dataDir, 'directory.sqlite'));
  held.push(holder);
  holder.exec('BEGIN EXCLUSIVE');
  for (const door of doors)
    await eventually(
      async () => (await door.metric('ct_proxy_directory_up')) === 0,
      'the store is known to be away',
    );
  process.kill(pid, 'SIGSTOP');
  const frozenAtMs = performance.now();
  await eventually(() => performance.now() - frozenAtMs > timing.leaseMs, 'its lease has lapsed');
  process.kill(pid, 'SIGCONT');
  await eventually(() => events.includes('lease.lapsed'), 'it has stopped itself');
  for (const door of doors)
    await eventually(async () => (await ownerOf(door.host)) === owner, 'it serves its key again');
  await eventually(() => events.includes('lease.regained'), 'it has said so');

  holder.close();
  for (const door of doors) {
    await eventually(async () => (await door.metric('ct_proxy_directory_up')) === 1, 'the store is back');
    assert.equal(await ownerOf(door.host), owner);
  }
});

/** Of one key, by the answer of its edge; undefined where it is refused. */
async function ownerOf(host: string): Promise<string | undefined> {
  const { statusCode, body } = await request(`http://${host}/ct-health/`, {
    headers: { ctstickiness: 'pinned' },
  });
  const { edge, incarnation } = (await body.json()) as { edge: string; incarnation: number };
  return statusCode === 200 ? `${edge}:${incarnation}` : undefined;
}
