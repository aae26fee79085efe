/** The pool: who is a candidate, how placements count until they are reported, and who is told of changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EdgeLoad } from '#shared/control-protocol.ts';
import { parseAffinityKey, parseEdgeId } from '#shared/ids.ts';
import type { Epoch, Incarnation } from '#shared/ids.ts';
import { noLoad } from '../../test/support/no-load.ts';
import { EdgePool } from './pool.ts';
import type { EdgeMember } from './pool.ts';

/** Long after every slow start. */
const laterMs = 3_600_000;
const none = new Set<never>();

function member(name: string, more: Partial<EdgeMember> = {}): EdgeMember {
  return {
    id: parseEdgeId(name)!,
    incarnation: 1 as Incarnation,
    kind: 'edge',
    address: `http://${name}.test:3001`,
    weight: 100,
    sessionsMax: 100,
    region: 'default',
    version: '0.1.0',
    adminAddress: '',
    joinedAtMs: 0,
    ...more,
  };
}

function load(sessions: number, more: Partial<EdgeLoad> = {}): EdgeLoad {
  return { ...noLoad, sessions, ...more };
}

function placement(epoch: number): { key: NonNullable<ReturnType<typeof parseAffinityKey>>; epoch: Epoch } {
  return { key: parseAffinityKey('k1')!, epoch: epoch as Epoch };
}

function poolOf(...members: EdgeMember[]): EdgePool {
  const pool = new EdgePool();
  for (const joining of members) pool.join(joining, 'ready');
  return pool;
}

function scoreOf(pool: EdgePool, name: string, nowMs = laterMs): number | undefined {
  return pool.list(nowMs).find((edge) => edge.id === name)?.score;
}

/** Tells whether somebody who waits for a change was woken. */
function watch(pool: EdgePool, signal: AbortSignal): { readonly woken: () => Promise<boolean> } {
  let isWoken = false;
  void pool.nextChange(signal).then(() => (isWoken = true));
  return {
    woken: async () => {
      // A turn of the event loop, after every promise that is settled has been followed.
      await new Promise<void>((resolve) => void setImmediate(resolve));
      return isWoken;
    },
  };
}

test('only an edge that is ready is a candidate', () => {
  const pool = new EdgePool();
  const edge = member('e1');
  pool.join(edge, 'suspect');
  assert.equal(pool.hasReadyEdge, false);
  for (const state of ['suspect', 'draining', 'full'] as const) {
    pool.setState(edge, state);
    assert.deepEqual(pool.candidates(laterMs, none), [], state);
  }
  pool.setState(edge, 'ready');
  assert.equal(pool.hasReadyEdge, true);
  assert.deepEqual(
    pool.candidates(laterMs, none).map(({ id, incarnation, weight }) => ({ id, incarnation, weight })),
    [{ id: 'e1', incarnation: 1, weight: 100 }],
  );
});

test('an edge that was refused for a key is left out', () => {
  const pool = poolOf(member('e1'), member('e2'));
  const refused = new Set([parseEdgeId('e1')!]);
  assert.deepEqual(
    pool.candidates(laterMs, refused).map((edge) => edge.id),
    ['e2'],
  );
});

test('an edge whose event loop stalls gets no new keys until it reports better', () => {
  const edge = member('e1');
  const pool = poolOf(edge);
  const stalled = load(1, { eventLoopDelayMs: { p50: 1, p99: 501, max: 900 } });
  pool.report(edge, { state: 'ready', load: stalled, lastEpoch: 0 });
  assert.equal(pool.candidates(laterMs, none).length, 0);
  pool.report(edge, { state: 'ready', load: load(1), lastEpoch: 0 });
  assert.equal(pool.candidates(laterMs, none).length, 1);
});

test('one slow second does not make an edge heavier, two in a row do', () => {
  const edge = member('e1');
  const pool = poolOf(edge);
  const slow = load(10, { eventLoopDelayMs: { p50: 1, p99: 220, max: 300 } });
  const report = (next: EdgeLoad): void => pool.report(edge, { state: 'ready', load: next, lastEpoch: 0 });
  report(load(10));
  const calm = scoreOf(pool, 'e1')!;
  report(slow);
  assert.equal(scoreOf(pool, 'e1'), calm);
  report(slow);
  assert.ok(scoreOf(pool, 'e1')! > calm);
});

test('a placement counts at once, until a report that includes it, and not twice', () => {
  const edge = member('e1');
  const pool = poolOf(edge);
  pool.report(edge, { state: 'ready', load: load(5), lastEpoch: 0 });
  const before = scoreOf(pool, 'e1')!;
  pool.notePlacement(edge, placement(7), laterMs);
  pool.notePlacement(edge, placement(8), laterMs);
  assert.equal(scoreOf(pool, 'e1'), before + 2);
  pool.report(edge, { state: 'ready', load: load(6), lastEpoch: 7 });
  assert.equal(scoreOf(pool, 'e1'), before + 2);
  pool.report(edge, { state: 'ready', load: load(7), lastEpoch: 8 });
  assert.equal(scoreOf(pool, 'e1'), before + 2);
});

test('a placement whose client never arrived stops counting after ten seconds', () => {
  const edge = member('e1');
  const pool = poolOf(edge);
  const before = scoreOf(pool, 'e1')!;
  pool.notePlacement(edge, placement(7), laterMs);
  assert.equal(scoreOf(pool, 'e1', laterMs + 10_000), before + 1);
  assert.equal(scoreOf(pool, 'e1', laterMs + 10_001), before);
});

test('a newer incarnation replaces the older one, whose words count no more', () => {
  const [older, newer] = [member('e1'), member('e1', { incarnation: 2 as Incarnation, joinedAtMs: laterMs })];
  const pool = poolOf(older);
  pool.join(newer, 'suspect');
  pool.report(older, { state: 'ready', load: load(9), lastEpoch: 0 });
  pool.setState(older, 'ready');
  pool.notePlacement(older, placement(1), laterMs);
  pool.leave(older);
  assert.equal(pool.find(older), undefined);
  assert.equal(pool.find(newer), newer);
  const [edge] = pool.list(laterMs);
  assert.deepEqual([edge?.state, edge?.load, edge?.incarnation], ['suspect', undefined, 2]);
});

test('an edge that left is not found, listed or chosen', () => {
  const edge = member('e1');
  const pool = poolOf(edge);
  pool.leave(edge);
  assert.equal(pool.find(edge), undefined);
  assert.deepEqual(pool.list(laterMs), []);
  assert.deepEqual(pool.candidates(laterMs, none), []);
});

test('the list is in order of the ids, whoever joined first', () => {
  const pool = poolOf(member('e2'), member('e3'), member('e1'));
  assert.deepEqual(
    pool.list(laterMs).map((edge) => edge.id),
    ['e1', 'e2', 'e3'],
  );
});

test('who waits for a change is woken by one of membership or state, and by nothing else', async () => {
  const edge = member('e1');
  const pool = poolOf(edge);
  const { signal } = new AbortController();
  const quiet = watch(pool, signal);
  pool.setState(edge, 'ready');
  pool.report(edge, { state: 'ready', load: load(1), lastEpoch: 0 });
  pool.notePlacement(edge, placement(1), laterMs);
  pool.leave(member('e9'));
  assert.equal(await quiet.woken(), false);
  const changes = [
    () => pool.setState(edge, 'draining'),
    () => pool.report(edge, { state: 'ready', load: load(1), lastEpoch: 0 }),
    () => pool.join(member('e2'), 'suspect'),
    () => pool.leave(edge),
  ];
  for (const change of changes) {
    const watched = watch(pool, signal);
    change();
    assert.equal(await watched.woken(), true);
  }
});

test('who waits for a change is let go when the wait is called off, before or during it', async () => {
  const pool = poolOf(member('e1'));
  const waiting = new AbortController();
  const watched = watch(pool, waiting.signal);
  waiting.abort();
  assert.equal(await watched.woken(), true);
  assert.equal(await watch(pool, waiting.signal).woken(), true);
});

test('a cached pin of an edge is good while its incarnation is in the pool: the edge checks the epoch', () => {
  const edge = member('e1');
  const pool = poolOf(edge);
  const readAt = pool.changes;
  pool.setState(edge, 'suspect');
  assert.equal(pool.vouchesFor(edge, readAt), true);
  pool.join(member('e1', { incarnation: 2 as Incarnation }), 'ready');
  assert.equal(pool.vouchesFor(edge, readAt), false);
});

test('a cached pin of a static backend is good only if it was read since the backend’s checks pass', () => {
  const backend = member('b1', { kind: 'static' });
  const pool = poolOf(backend);
  const readAt = pool.changes;
  assert.equal(pool.vouchesFor(backend, readAt), true);
  pool.setState(backend, 'suspect');
  assert.equal(pool.vouchesFor(backend, readAt), false);
  pool.setState(backend, 'ready');
  assert.equal(pool.vouchesFor(backend, readAt), false);
  assert.equal(pool.vouchesFor(backend, pool.changes), true);
  pool.join(member('e1'), 'suspect');
  assert.equal(pool.vouchesFor(backend, pool.changes - 1), true);
});
