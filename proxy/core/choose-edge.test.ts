/** The choice among candidates: ranked first, clearly lighter second, nobody above the bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAffinityKey, parseEdgeId } from '#shared/ids.ts';
import { chooseEdge } from './choose-edge.ts';
import type { Candidate } from './choose-edge.ts';
import { hashEdgeId, hashKey, rankScore } from './rank.ts';

const key = hashKey('secret', parseAffinityKey('k1')!);

function candidate(name: string, load: number, weight = 100): Candidate {
  const id = parseEdgeId(name)!;
  return { id, hash: hashEdgeId(id), weight, load };
}

/** Best ranked first. */
function ranked(candidates: readonly Candidate[]): Candidate[] {
  const score = (of: Candidate): number => rankScore(key, of.hash, of.weight);
  return candidates.toSorted((a, b) => score(b) - score(a));
}

/** Candidates in rank order with these loads. */
function loaded(...loads: number[]): Candidate[] {
  const order = ranked(loads.map((_, i) => candidate(`edge-${i}`, 0)));
  return order.map((edge, i) => ({ ...edge, load: loads[i]! }));
}

test('without candidates there is no edge', () => {
  assert.equal(chooseEdge(key, []), undefined);
});

test('among equal loads the best ranked edge is taken, in whatever order they come', () => {
  const edges = loaded(5, 5, 5, 5);
  assert.equal(chooseEdge(key, edges), edges[0]);
  assert.equal(chooseEdge(key, edges.toReversed()), edges[0]);
});

test('the second is taken when it is more than 5 % lighter, not for less', () => {
  const lighter = loaded(100, 94, 100);
  assert.equal(chooseEdge(key, lighter), lighter[1]);
  const hardlyLighter = loaded(100, 96, 100);
  assert.equal(chooseEdge(key, hardlyLighter), hardlyLighter[0]);
});

test('the lightest of all is not taken when it ranks third: no herd on one edge', () => {
  const edges = loaded(100, 100, 80);
  assert.equal(chooseEdge(key, edges), edges[0]);
});

test('an edge above 1.25 times the mean load gets nothing while others are below', () => {
  const edges = loaded(200, 10, 10, 10);
  assert.equal(chooseEdge(key, edges), edges[1]);
});

test('a small fleet that is idle takes keys', () => {
  const edges = loaded(0.1, 0.1);
  assert.equal(chooseEdge(key, edges), edges[0]);
});

test('as long as there is a candidate one is chosen, and it is never far above the mean', () => {
  const load = fc.double({ min: 0, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(fc.array(load, { minLength: 1, maxLength: 20 }), fc.string(), (loads, secret) => {
      const edges = loads.map((value, i) => candidate(`e${i}`, value));
      const chosen = chooseEdge(hashKey(secret, parseAffinityKey('k')!), edges);
      assert.ok(chosen !== undefined && edges.includes(chosen));
      const mean = loads.reduce((sum, value) => sum + value, 0) / loads.length;
      assert.ok(chosen.load <= Math.max(1, Math.ceil(mean * 1.25)));
    }),
  );
});
