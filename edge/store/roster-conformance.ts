/**
 * What every implementation of `RosterStore` must keep, as tests against a real store. The caller says how to open
 * connections to a fresh store, as edges of a fleet would have them, and how to let its time pass.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { SessionRef } from './document-store.ts';
import type { RosterStore, StoredRoster } from './roster-store.ts';

/** One fresh, empty store. */
export interface RosterScene {
  /** Another connection to the same store; the suite closes it. */
  readonly open: () => Promise<RosterStore>;
  /** So much has passed since the store was asked last. */
  readonly letPass: (ms: number) => void | Promise<void>;
}

export type OpenScene = (t: TestContext) => Promise<RosterScene>;

const fenced = { kind: 'fenced' };
const written = { kind: 'written' };
const minuteMs = 60_000;

/** Declares the whole suite. */
export function testRosterStore(openScene: OpenScene): void {
  testRosters(openScene);
  testFences(openScene);
  testEnds(openScene);
  testRemoval(openScene);
}

export function refAt(epoch: number, key = 'our-key'): SessionRef {
  return { key: key as AffinityKey, epoch: epoch as Epoch };
}

function rosterOf(birth: number, ...values: number[]): StoredRoster {
  return { birth, bytes: Uint8Array.from(values) };
}

export async function openStores(
  t: TestContext,
  openScene: OpenScene,
): Promise<RosterScene & { stores: RosterStore[] }> {
  const scene = await openScene(t);
  const stores = [await scene.open(), await scene.open()];
  t.after(async () => {
    for (const store of stores) await store.close();
  });
  return { ...scene, stores };
}

/** What the store has of the key, in plain arrays. */
export async function recall(store: RosterStore, ref: SessionRef): Promise<object> {
  const recalled = await store.claim(ref);
  if (recalled.kind === 'fenced') return recalled;
  const { roster, requests, endedBirths } = recalled;
  return {
    roster: roster === undefined ? undefined : [roster.birth, ...roster.bytes],
    requests: requests === undefined ? undefined : [...requests],
    ended: [...endedBirths],
  };
}

const nothing = { roster: undefined, requests: undefined, ended: [] };

function testRosters(openScene: OpenScene): void {
  void test('a key that nobody wrote has no session', async (t) => {
    const { stores } = await openStores(t, openScene);
    assert.deepEqual(await recall(stores[0]!, refAt(1)), nothing);
  });

  void test('the next owner of a key finds roster and requests as they were written last', async (t) => {
    const { stores } = await openStores(t, openScene);
    const [one, other] = stores as [RosterStore, RosterStore];
    await one.claim(refAt(1));
    assert.deepEqual(await one.save(refAt(1), rosterOf(7, 1)), written);
    assert.deepEqual(await one.save(refAt(1), rosterOf(7, 1, 2)), written);
    assert.deepEqual(await one.saveRequests(refAt(1), Uint8Array.of(5)), written);
    assert.deepEqual(await one.saveRequests(refAt(1), Uint8Array.of(6)), written);
    assert.deepEqual(await recall(other, refAt(2)), { roster: [7, 1, 2], requests: [6], ended: [] });
    await other.saveRequests(refAt(2), undefined);
    assert.deepEqual(await recall(other, refAt(2)), { roster: [7, 1, 2], requests: undefined, ended: [] });
  });

  void test('keys do not mix', async (t) => {
    const { stores } = await openStores(t, openScene);
    const [store] = stores as [RosterStore];
    for (const [key, birth] of [
      ['one', 1],
      ['other', 2],
    ] as const) {
      await store.claim(refAt(1, key));
      await store.save(refAt(1, key), rosterOf(birth, birth));
    }
    await store.end(refAt(1, 'one'), 1);
    assert.deepEqual(await recall(store, refAt(1, 'other')), {
      roster: [2, 2],
      requests: undefined,
      ended: [],
    });
  });
}

function testFences(openScene: OpenScene): void {
  void test('a lower epoch is fenced at every operation and changes nothing', async (t) => {
    const { stores } = await openStores(t, openScene);
    const [older, newer] = stores as [RosterStore, RosterStore];
    await older.claim(refAt(4));
    await older.save(refAt(4), rosterOf(7, 1));
    await older.saveRequests(refAt(4), Uint8Array.of(5));
    const before = await recall(newer, refAt(5));
    assert.deepEqual(await older.save(refAt(4), rosterOf(7, 2)), fenced);
    assert.deepEqual(await older.saveRequests(refAt(4), Uint8Array.of(6)), fenced);
    assert.deepEqual(await older.saveRequests(refAt(4), undefined), fenced);
    assert.deepEqual(await older.end(refAt(4), 7), fenced);
    assert.deepEqual(await older.claim(refAt(4)), fenced);
    assert.deepEqual(await recall(newer, refAt(5)), before);
    assert.deepEqual(await newer.save(refAt(5), rosterOf(7, 3)), written);
  });

  void test('nobody writes to a key that it has not claimed, with however high an epoch', async (t) => {
    const { stores } = await openStores(t, openScene);
    const [store] = stores as [RosterStore];
    assert.deepEqual(await store.save(refAt(1), rosterOf(7, 1)), fenced);
    await store.claim(refAt(1));
    assert.deepEqual(await store.save(refAt(2), rosterOf(7, 1)), fenced);
    assert.deepEqual(await store.saveRequests(refAt(2), Uint8Array.of(1)), fenced);
    assert.deepEqual(await store.end(refAt(2), 7), fenced);
    assert.deepEqual(await recall(store, refAt(1)), nothing);
  });
}

function testEnds(openScene: OpenScene): void {
  void test('an end takes the roster away and is told to every later owner', async (t) => {
    const { stores } = await openStores(t, openScene);
    const [one, other] = stores as [RosterStore, RosterStore];
    await one.claim(refAt(1));
    await one.save(refAt(1), rosterOf(7, 1));
    await one.saveRequests(refAt(1), Uint8Array.of(5));
    assert.deepEqual(await one.end(refAt(1), 7), written);
    assert.deepEqual(await one.end(refAt(1), 7), written, 'a second time');
    assert.deepEqual(await recall(other, refAt(2)), { ...nothing, ended: [7] });
  });

  void test('a late end of one session leaves the next one of the key alone', async (t) => {
    const { stores } = await openStores(t, openScene);
    const [store] = stores as [RosterStore];
    await store.claim(refAt(1));
    await store.save(refAt(1), rosterOf(7, 1));
    await store.save(refAt(1), rosterOf(8, 2));
    await store.saveRequests(refAt(1), Uint8Array.of(5));
    assert.deepEqual(await store.end(refAt(1), 7), written);
    assert.deepEqual(await recall(store, refAt(1)), { roster: [8, 2], requests: [5], ended: [7] });
  });
}

function testRemoval(openScene: OpenScene): void {
  void test('rosters and ends go when they are older than is kept, and no sooner', async (t) => {
    const { stores, letPass } = await openStores(t, openScene);
    const [store] = stores as [RosterStore];
    const rule = { keptForMs: 10 * minuteMs, limit: 100 };
    for (const key of ['ended', 'left']) {
      await store.claim(refAt(1, key));
      await store.save(refAt(1, key), rosterOf(7, 1));
    }
    await store.end(refAt(1, 'ended'), 7);
    await letPass(9 * minuteMs);
    assert.equal(await store.removeExpired([], rule), 0);
    await letPass(2 * minuteMs);
    assert.equal(await store.removeExpired([], rule), 3, 'two keys and an end');
    assert.equal(await store.removeExpired([], rule), 0, 'once');
    for (const key of ['ended', 'left']) assert.deepEqual(await recall(store, refAt(1, key)), nothing);
  });

  void test('a session that is held, or was claimed or written since, keeps its roster', async (t) => {
    const { stores, letPass } = await openStores(t, openScene);
    const [store] = stores as [RosterStore];
    const rule = { keptForMs: 10 * minuteMs, limit: 100 };
    for (const key of ['held', 'claimed', 'written', 'lost']) {
      await store.claim(refAt(1, key));
      await store.save(refAt(1, key), rosterOf(7, 1));
    }
    await letPass(9 * minuteMs);
    await store.claim(refAt(2, 'claimed'));
    await store.save(refAt(1, 'written'), rosterOf(7, 1));
    await letPass(2 * minuteMs);
    // `lost` is held by an edge that has lost it.
    await store.claim(refAt(2, 'other'));
    assert.equal(await store.removeExpired([refAt(1, 'held'), refAt(0, 'lost')], rule), 1);
    for (const key of ['held', 'claimed', 'written'])
      assert.deepEqual(await recall(store, refAt(2, key)), { ...nothing, roster: [7, 1] }, key);
    assert.deepEqual(await store.save(refAt(1, 'lost'), rosterOf(7, 2)), fenced);
  });

  void test('no more goes at once than was asked', async (t) => {
    const { stores, letPass } = await openStores(t, openScene);
    const [store] = stores as [RosterStore];
    for (const key of ['one', 'two', 'three']) await store.claim(refAt(1, key));
    await letPass(minuteMs);
    assert.equal(await store.removeExpired([], { keptForMs: 0, limit: 2 }), 2);
    assert.equal(await store.removeExpired([], { keptForMs: 0, limit: 2 }), 1);
  });
}
