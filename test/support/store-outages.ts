/**
 * Several front doors and edges on a real store that stops answering, as tests that the caller names a store for: who has a
 * session keeps it, new keys go to the same edge through every front door, and what was placed meanwhile is in the store
 * when it is back.
 */
import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startEdgeOf } from './edge-process.ts';
import { isReady, makeDataDir } from './front-door.ts';
import { eventually } from './oct-inbox.ts';
import { inRounds } from './rounds.ts';
import type { SqlProductName } from './sql/sql-product.ts';
import { startSqlServer } from './sql/sql-server.ts';
import type { SqlServer } from './sql/sql-server.ts';
import { databaseSetting, fleetEdgeCount, openMember, startStoreFleet } from './store-fleet.ts';
import type { StoreFleet } from './store-fleet.ts';

/** Longer than a lease, an edge's own fence and the deadline of a call together. */
const outageMs = 9_000;

/** A store that all front doors share, and that can be made to answer nothing for a while. */
interface Store {
  readonly settings: Readonly<Record<string, string>>;
  readonly dataDir?: string;
  readonly halt: () => void;
  readonly goOn: () => void;
}

export async function openServer(
  t: TestContext,
  product: SqlProductName,
): Promise<Store & { server: SqlServer }> {
  const server = await startSqlServer(t, product);
  const settings = databaseSetting(await server.createDatabase());
  return {
    server,
    settings,
    halt: () => server.freeze(),
    goOn: () => server.thaw(),
  };
}

/** Somebody else has the file to himself: a backup, or an administrator. */
export function openFile(t: TestContext): Store {
  const dataDir = makeDataDir(t);
  let holder: Database.Database | undefined;
  const goOn = (): void => void holder?.close();
  t.after(goOn);
  return {
    settings: {},
    dataDir,
    halt: () => {
      holder = new Database(join(dataDir, 'directory.sqlite'));
      holder.exec('BEGIN EXCLUSIVE');
    },
    goOn,
  };
}

async function openScene(t: TestContext, { settings, dataDir }: Store): Promise<StoreFleet> {
  return await startStoreFleet(t, { settings: [settings, settings], dataDir });
}

/** Declares the test. */
export function testOutage(name: string, openStore: (t: TestContext) => Store | Promise<Store>): void {
  void test(`${name} answers nothing for a while: sessions stay, new keys have one edge on every front door, nothing is split`, async (t) => {
    const store = await openStore(t);
    await surviveOutage(t, store, await openScene(t, store));
  });
}

/** `onHalted`: what happens as soon as the store answers nothing; `lengthMs`: for how long that is. */
export async function surviveOutage(
  t: TestContext,
  store: Store,
  { doors, ask, askPatiently }: StoreFleet,
  { onHalted = () => undefined, lengthMs = outageMs }: { onHalted?: () => void; lengthMs?: number } = {},
): Promise<void> {
  const [first, second] = doors;
  const pinned = Array.from({ length: 40 }, (_, i) => `pinned-${i}`);
  const owners = new Map<string, string>();
  for (const key of pinned) owners.set(key, await ask(first, key));
  const members = await Promise.all(pinned.slice(0, 10).map(async (key) => await openMember(t, first, key)));
  const ends: number[] = [];
  for (const member of members) member.on('close', (code) => ends.push(code));

  store.halt();
  onHalted();
  const placed = new Map<string, string>();
  const placeNew = async (name: string): Promise<void> => {
    const keys = Array.from({ length: 20 }, (_, i) => `${name}-${i}`);
    await Promise.all(
      keys.map(async (key) => {
        const [one, other] = await Promise.all(doors.map(async (door) => await askPatiently(door, key)));
        assert.equal(one, other);
        placed.set(key, one!);
      }),
    );
  };
  await inRounds(lengthMs, async (round) => {
    // Through the front door that has its pin in its cache, and through the one that never saw it.
    for (const key of pinned) {
      assert.equal(await ask(first, key), owners.get(key));
      assert.equal(await askPatiently(second, key), owners.get(key));
    }
    await placeNew(`new-${round}`);
  });
  t.diagnostic(`${placed.size} keys placed without the store`);
  assert.deepEqual(ends, []);

  store.goOn();
  for (const door of doors) {
    // Keys go on coming: one front door knows before the other that the store is back.
    const isStored = async (): Promise<boolean> => {
      await placeNew(`late-${placed.size}`);
      return (await door.metric('ct_proxy_provisional_pins')) === 0;
    };
    await eventually(isStored, 'all that was placed is in the store');
    assert.equal(await door.metric('ct_proxy_split_detected_total'), 0);
  }
  for (const [key, owner] of [...owners, ...placed]) {
    const { edge } = await second.where(key);
    assert.equal(edge, owner.split(':')[0], key);
    for (const door of doors) assert.equal(await ask(door, key), owner);
  }
  assert.deepEqual(ends, []);
}

/** Declares the test. */
export function testOlderCopy(product: SqlProductName): void {
  void test(`${product} goes back to an older copy: edges, sessions and pins that it lost are put back, and nobody is split or cut`, async (t) => {
    const store = await openServer(t, product);
    const { doors, ask } = await openScene(t, store);
    const [first, second] = doors;
    const before = Array.from({ length: 20 }, (_, i) => `before-${i}`);
    const owners = new Map<string, string>();
    for (const key of before) owners.set(key, await ask(first, key));
    const copy = await store.server.copyData();

    startEdgeOf(t, doors, 'edge-late');
    for (const door of doors) {
      const isThere = async (): Promise<boolean> =>
        (await door.edges()).filter(isReady).length === fleetEdgeCount + 1;
      await eventually(isThere, 'the late edge is ready');
    }
    const after = Array.from({ length: 60 }, (_, i) => `after-${i}`);
    for (const key of after) owners.set(key, await ask(first, key));
    assert.ok([...owners.values()].some((owner) => owner.startsWith('edge-late')));
    const moved = before[0]!;
    const target = owners.get(moved)!.startsWith('edge-1') ? 'edge-2' : 'edge-1';
    assert.equal(await first.move(moved, target), 200);
    owners.set(moved, await ask(first, moved));
    assert.ok(owners.get(moved)!.startsWith(target));
    // A key that nobody uses is idle after 2 s, and where it was is not put back.
    const members = await Promise.all([...owners.keys()].map(async (key) => await openMember(t, first, key)));
    const ends: number[] = [];
    for (const member of members) member.on('close', (code) => ends.push(code));

    await store.server.restore(copy);
    for (const [key, owner] of owners)
      for (const door of doors) assert.equal(await ask(door, key), owner, key);
    for (const [key, owner] of owners) {
      const isBack = async (): Promise<boolean> => owner.startsWith(`${(await second.where(key)).edge}:`);
      await eventually(isBack, `the store has ${key} where it was`);
    }
    for (const door of doors) assert.equal(await door.metric('ct_proxy_split_detected_total'), 0);
    assert.deepEqual(ends, []);
  });
}
