/**
 * Two front doors that each have a way of their own to the database, which may be closed or long, and a test that the caller
 * gives the length of both: what a front door cannot know it does not decide.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { eventually } from './oct-inbox.ts';
import { inRounds } from './rounds.ts';
import { startSqlServer } from './sql/sql-server.ts';
import { databaseSetting, openMember, startStoreFleet } from './store-fleet.ts';
import type { StoreFleet } from './store-fleet.ts';
import { StorePath } from './store-path.ts';

/** Longer than a lease, an edge's own fence and the deadline of a call together. */
export const cutMs = 8_000;
const pinned = Array.from({ length: 20 }, (_, i) => `pinned-${i}`);

interface Scene extends StoreFleet {
  /** Of each front door to the database. */
  readonly paths: readonly [StorePath, StorePath];
  readonly owners: Map<string, string>;
  /** Close codes of members that were not to be closed. */
  readonly ends: number[];
}

export async function openScene(t: TestContext): Promise<Scene> {
  const server = await startSqlServer(t, 'postgresql');
  const address = await server.createDatabase();
  const paths = [await StorePath.open(t, address.port), await StorePath.open(t, address.port)] as const;
  const [first, second] = paths.map(({ port }) => databaseSetting(address, port));
  const fleet = await startStoreFleet(t, { settings: [first!, second!] });
  const owners = new Map<string, string>();
  for (const key of pinned) owners.set(key, await fleet.ask(fleet.doors[0], key));
  const ends: number[] = [];
  for (const [i, key] of pinned.slice(0, 6).entries()) {
    const member = await openMember(t, fleet.doors[i % 2]!, key);
    member.on('close', (code) => ends.push(code));
  }
  return { ...fleet, paths, owners, ends };
}

/** Every pinned key has its owner, through both. */
export async function checkPinned({ doors, askPatiently, owners, ends }: Scene): Promise<void> {
  for (const key of pinned)
    for (const door of doors) assert.equal(await askPatiently(door, key), owners.get(key), key);
  assert.deepEqual(ends, []);
}

export async function checkWhole(scene: Scene, placed: ReadonlyMap<string, string>): Promise<void> {
  const { doors, askPatiently } = scene;
  for (const door of doors) {
    const isSettled = async (): Promise<boolean> => (await door.metric('ct_proxy_provisional_pins')) === 0;
    await eventually(isSettled, 'all that was placed is in the store');
    assert.equal(await door.metric('ct_proxy_split_detected_total'), 0);
  }
  for (const [key, owner] of placed)
    for (const door of doors) assert.equal(await askPatiently(door, key), owner, key);
  await checkPinned(scene);
}

/** Declares the test. */
export function testFarDatabase(delayMs: number): void {
  void test(`a database that is ${delayMs} ms away costs no session, and both front doors place new keys on one edge`, async (t) => {
    const scene = await openScene(t);
    const { doors, paths, askPatiently } = scene;
    for (const path of paths) path.delayMs = delayMs;
    const placed = new Map<string, string>();
    await inRounds(cutMs, async (n) => {
      await checkPinned(scene);
      const keys = Array.from({ length: 5 }, (_, i) => `new-${n}-${i}`);
      await Promise.all(
        keys.map(async (key) => {
          const [one, other] = await Promise.all(doors.map(async (door) => await askPatiently(door, key)));
          assert.equal(one, other);
          placed.set(key, one!);
        }),
      );
    });
    t.diagnostic(`${placed.size} keys`);
    for (const path of paths) path.delayMs = 0;
    await checkWhole(scene, placed);
  });
}
