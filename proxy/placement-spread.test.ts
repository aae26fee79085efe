/**
 * How keys that arrive together spread, and when they stay, over a real directory: single choices are tested in
 * `core/choose-edge.test.ts`.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import { parseAffinityKey, parseEdgeId } from '#shared/ids.ts';
import type { EdgeId } from '#shared/ids.ts';
import { openLog } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import type { Directory, Pin } from './directory/directory.ts';
import { noLoad } from '../test/support/no-load.ts';
import { openSqliteDirectory } from './directory/sqlite-directory.ts';
import { EdgeLinks } from './membership/edge-links.ts';
import { LeasePromises } from './membership/lease-promises.ts';
import { MembershipSnapshot } from './membership/membership-snapshot.ts';
import { EdgePool } from './membership/pool.ts';
import { OutagePlacement } from './outage-placement.ts';
import { Placer } from './placement.ts';

const keyCount = 300;
/** By the last reports: one edge is clearly lighter, as a new one is in a pool that works. */
const sessionsBefore = [0, 20, 20];
/** Long after every slow start. */
const nowMs = 3_600_000;
const longAgoMs = 60_000;

interface Seat {
  readonly id: string;
  readonly region?: string;
  readonly sessions?: number;
}

interface Scene {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly placer: Placer;
  readonly promises: LeasePromises;
  readonly outage: OutagePlacement;
  readonly links: EdgeLinks;
  /** Of the outage. */
  readonly clock: { nowMs: number };
  /** Another front door's, which hears of the same edges. */
  readonly openOutage: (nowMs: () => number) => Promise<OutagePlacement>;
}

/** A placer with ready edges, over a directory of its own; clients are in the region `eu`. */
async function openScene(t: TestContext, seats: readonly Seat[]): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-spread-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const directory = await openSqliteDirectory(join(folder, 'directory.sqlite'));
  t.after(async () => await directory.close());
  const pool = new EdgePool();
  const links = new EdgeLinks();
  for (const { id: name, region = 'default', sessions = 0 } of seats) {
    const id = parseEdgeId(name)!;
    const seat = { id, kind: 'edge', address: `http://${name}.test:3001`, weight: 100 } as const;
    const incarnation = await directory.registerEdge({ ...seat, bootId: `boot-of-${name}` });
    const member = { ...seat, incarnation, sessionsMax: 1_000, version: '', adminAddress: '', region };
    links.add({ id, incarnation }, (message) => {
      if (message.type !== 'who-holds') return;
      const { request } = message;
      links.answer({ type: 'holds', request, epoch: 0, renewedAgoMs: longAgoMs, heardAgoMs: 0 });
    });
    pool.join({ ...member, joinedAtMs: 0 }, 'ready');
    pool.report({ id, incarnation }, { state: 'ready', load: { ...noLoad, sessions }, lastEpoch: 0 });
  }
  const shared = {
    directory,
    pool,
    secrets: deriveFleetSecrets('a join token of a test'),
    log: openLog({ level: 'silent', role: 'proxy' }),
    metrics: new Metrics('ct_proxy_'),
    nowMs: () => nowMs,
  };
  const openOutage = async (now: () => number): Promise<OutagePlacement> => {
    const snapshot = new MembershipSnapshot(directory);
    await snapshot.refresh();
    const random = (): number => 0.5;
    return new OutagePlacement({
      ...shared,
      nowMs: now,
      snapshot,
      links,
      random,
      placesNewKeys: () => true,
    });
  };
  const clock = { nowMs };
  const outage = await openOutage(() => clock.nowMs);
  const promises = new LeasePromises(() => nowMs);
  const regionOf = (address: string): string => (address === '' ? 'default' : 'eu');
  const placer = new Placer({ ...shared, promises, outage, regionOf });
  return { directory, pool, links, clock, placer, promises, outage, openOutage };
}

test('keys of an edge that is lost go on in the region of the client that asks for them', async (t) => {
  const ids = ['eu-1', 'eu-2', 'us-1', 'us-2', 'us-3'];
  const seats = ids.map((id) => ({ id, region: id.slice(0, 2) }));
  const { directory, pool, placer, promises } = await openScene(t, seats);
  const client = '192.0.2.1';
  const keys = Array.from({ length: 40 }, (_, number) => parseAffinityKey(`key-${number}`)!);
  const pins = [];
  for (const key of keys) {
    const placement = await placer.place(key, client);
    assert.ok(placement.kind === 'placed' && placement.pin.owner.id.startsWith('eu'));
    if (placement.pin.owner.id === 'eu-1') pins.push(placement.pin);
  }
  assert.ok(pins.length > 0);
  await directory.markGone(pins[0]!.owner);
  pool.leave(pins[0]!.owner);
  for (const pin of pins) {
    const next = await placer.replaceAfterLoss(
      pin,
      { signal: AbortSignal.timeout(10_000), waitMs: 10_000 },
      client,
    );
    assert.ok(next?.kind === 'placed');
    assert.equal(next.pin.owner.id, 'eu-2');
  }
  assert.ok(promises.isOver(pins[0]!.owner), 'it must not serve on by our word when it comes back');
});

test('new keys that arrive in one moment do not all go to the edge that is lightest then', async (t) => {
  const seats = sessionsBefore.map((sessions, number) => ({ id: `edge-${number}`, sessions }));
  const { directory, placer } = await openScene(t, seats);
  const keys = Array.from({ length: keyCount }, (_, number) => parseAffinityKey(`key-${number}`)!);
  await Promise.all(keys.map(async (key) => await placer.place(key)));
  const placed = await directory.countPinsByEdge();
  const counts = sessionsBefore.map(
    (sessions, number) => sessions + (placed.get(`edge-${number}` as EdgeId) ?? 0),
  );
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  // The bound of `chooseEdge`, and what is in flight when a choice is made counts like what was placed.
  assert.ok(Math.max(...counts) <= mean * 1.25, `edges have ${counts.join(', ')} sessions`);
});

test('just after an outage a new key goes where a front door that does not know of its end puts it', async (t) => {
  const seats = sessionsBefore.map((sessions, number) => ({ id: `edge-${number}`, sessions }));
  const { placer, outage, openOutage } = await openScene(t, seats);
  let laterMs = nowMs;
  const elsewhere = await openOutage(() => laterMs);
  for (const one of [outage, elsewhere]) one.noteFailure();
  outage.noteAnswer();
  laterMs += 2_000;
  const owners = new Set<string>();
  for (let number = 0; number < 60; number++) {
    const key = parseAffinityKey(`key-${number}`)!;
    const here = await placer.place(key);
    const there = await elsewhere.place(key, new Error('the store is away'));
    assert.ok(here.kind === 'placed');
    assert.deepEqual(here.pin.owner, there?.owner);
    owners.add(here.pin.owner.id);
  }
  assert.equal(owners.size, sessionsBefore.length);
});

test('where the store may have gone back, a key leaves an owner that is over there only when every edge has said that it has it not', async (t) => {
  const scene = await openScene(t, [{ id: 'edge-1' }, { id: 'edge-2' }, { id: 'edge-3' }]);
  const { directory, pool, placer, outage, links, clock } = scene;
  const placeNew = async (name: string): Promise<Pin> => {
    const placement = await placer.place(parseAffinityKey(name)!);
    assert.ok(placement.kind === 'placed');
    return placement.pin;
  };
  const first = await placeNew('key-1');
  let second = await placeNew('key-2');
  for (let number = 3; second.owner.id !== first.owner.id; number++) second = await placeNew(`key-${number}`);
  await directory.markGone(first.owner);
  const compared = Promise.withResolvers<void>();
  outage.noteMeeting(compared.promise);
  const moved = await placer.replace(first);
  assert.ok(moved.kind === 'placed');
  assert.notEqual(moved.pin.owner.id, first.owner.id, 'all have answered');

  const silent = pool.list(nowMs).find(({ id }) => id !== first.owner.id)!;
  links.add(silent, () => undefined);
  await assert.rejects(placer.replace(second), { code: 'directory-unavailable' });
  assert.equal((await directory.findPin(second.key))!.epoch, second.epoch);
  clock.nowMs += 60_000;
  await assert.rejects(placer.replace(second), { code: 'directory-unavailable' }, 'it is compared still');
  compared.resolve();
  await compared.promise;
  const last = await placer.replace(second);
  assert.ok(last.kind === 'placed');
  assert.notEqual(last.pin.owner.id, first.owner.id);
});
