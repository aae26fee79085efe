/** New keys go past edges that fail exchanges, or have little room, as long as there are others; such edges lose nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEdgeId } from '#shared/ids.ts';
import type { EdgeId, Incarnation } from '#shared/ids.ts';
import { firstPauseMs } from '../core/breaker.ts';
import { EdgePool } from './pool.ts';

const policy = { failuresMax: 2 };
const failure = { admission: 'usual', result: 'failure', startedAtMs: 0, latencyMs: undefined } as const;
const none = new Set<EdgeId>();

function poolOf(...names: readonly string[]): {
  pool: EdgePool;
  refs: { id: EdgeId; incarnation: Incarnation }[];
} {
  const pool = new EdgePool();
  const refs = names.map((name) => ({ id: parseEdgeId(name)!, incarnation: 1 as Incarnation }));
  for (const ref of refs) {
    const common = { kind: 'static', address: 'http://127.0.0.1:1', weight: 100, sessionsMax: 10 } as const;
    const rest = { version: '', adminAddress: '', region: 'default', joinedAtMs: -600_000 };
    pool.join({ ...ref, ...common, ...rest }, 'ready');
  }
  return { pool, refs };
}

function idsOf(pool: EdgePool, nowMs: number): string[] {
  return pool.candidates(nowMs, none).map(({ id }) => id);
}

test('an edge whose breaker is open gets no new keys until its pause is over', () => {
  const { pool, refs } = poolOf('a', 'b');
  const watch = pool.watchOf(refs[0]!)!;
  for (let i = 0; i < policy.failuresMax; i++) watch.tell(failure, 0, policy);
  assert.deepEqual(idsOf(pool, 1), ['b']);
  assert.deepEqual(idsOf(pool, firstPauseMs), ['a', 'b'], 'nobody would ask it again otherwise');
  assert.ok(pool.find(refs[0]!) !== undefined && pool.vouchesFor(refs[0]!, pool.changes));
});

test('where no edge is trusted all are taken', () => {
  const { pool, refs } = poolOf('a', 'b');
  for (const ref of refs) {
    for (let i = 0; i < policy.failuresMax; i++) pool.watchOf(ref)!.tell(failure, 0, policy);
  }
  assert.deepEqual(idsOf(pool, 1), ['a', 'b']);
});

test('an edge with little room gets no new keys while another one has some', () => {
  const { pool } = poolOf('a', 'b');
  pool.avoids = (edge) => edge === 'a';
  assert.deepEqual(idsOf(pool, 0), ['b']);
  pool.avoids = () => true;
  assert.deepEqual(idsOf(pool, 0), ['a', 'b']);
});

test('an edge that fails now and then counts as more loaded, and a new incarnation begins anew', () => {
  const { pool, refs } = poolOf('a', 'b');
  for (let i = 0; i < 10; i++) {
    pool.watchOf(refs[0]!)!.tell(failure, 0, { failuresMax: 0 });
  }
  const loadOf = (id: string): number => pool.candidates(0, none).find((one) => one.id === id)!.load;
  assert.ok(loadOf('a') > 2 * loadOf('b'), `${loadOf('a')} and ${loadOf('b')}`);
  const member = pool.find(refs[0]!)!;
  pool.join({ ...member, incarnation: 2 as Incarnation }, 'ready');
  assert.equal(loadOf('a'), loadOf('b'));
  assert.equal(pool.watchOf(refs[0]!), undefined);
});
