/**
 * One front door alone is cut off from the database, or both are far from it: the others' word counts, and what it cannot
 * know it does not decide.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { eventually } from '../support/oct-inbox.ts';
import { inRounds } from '../support/rounds.ts';
import { startSqlServer } from '../support/sql/sql-server.ts';
import { databaseSetting, openMember, startStoreFleet } from '../support/store-fleet.ts';
import type { StoreFleet } from '../support/store-fleet.ts';
import { StorePath } from '../support/store-path.ts';

/** Longer than a lease, an edge's own fence and the deadline of a call together. */
const cutMs = 8_000;
const pinned = Array.from({ length: 20 }, (_, i) => `pinned-${i}`);

interface Scene extends StoreFleet {
  /** Of each front door to the database. */
  readonly paths: readonly [StorePath, StorePath];
  readonly owners: Map<string, string>;
  /** Close codes of members that were not to be closed. */
  readonly ends: number[];
}

async function openScene(t: TestContext): Promise<Scene> {
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
async function checkPinned({ doors, askPatiently, owners, ends }: Scene): Promise<void> {
  for (const key of pinned)
    for (const door of doors) assert.equal(await askPatiently(door, key), owners.get(key), key);
  assert.deepEqual(ends, []);
}

async function checkWhole(scene: Scene, placed: ReadonlyMap<string, string>): Promise<void> {
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

test(`a front door whose way to the database is closed serves what is pinned, places nothing by itself, and follows the other one`, async (t) => {
  const scene = await openScene(t);
  const { doors, paths, look, askPatiently } = scene;
  const [cutOff, whole] = doors;
  paths[0].set('closed');
  const placed = new Map<string, string>();
  let refused = 0;
  await inRounds(cutMs, async (n) => {
    await checkPinned(scene);
    // Asked of the one that is cut off first: it must leave them to the other one.
    const key = `new-${n}`;
    const { status, owner } = await look(cutOff, key);
    assert.ok(status === 200 || status === 503, `${status}`);
    if (status === 503) refused++;
    const told = await askPatiently(whole, key);
    if (status === 200) assert.equal(owner, told);
    assert.equal(await askPatiently(cutOff, key), told);
    placed.set(key, told);
  });
  t.diagnostic(`${placed.size} keys, ${refused} refused at first by the front door that was cut off`);
  assert.ok(refused > 0);
  paths[0].set('open');
  await checkWhole(scene, placed);
});

for (const delayMs of [300, 2_000]) {
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
