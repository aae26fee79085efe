/** Rendezvous ranking: keyed, fair by weight, and an edge that comes or goes moves only its own keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAffinityKey, parseEdgeId } from '#shared/ids.ts';
import { hashEdgeId, hashKey, rankScore } from './rank.ts';

interface Ranked {
  readonly id: string;
  readonly weight: number;
}

function winner(secret: string, key: string, edges: readonly Ranked[]): string {
  const hash = hashKey(secret, parseAffinityKey(key)!);
  const scored = edges.map(({ id, weight }) => ({
    id,
    score: rankScore(hash, hashEdgeId(parseEdgeId(id)!), weight),
  }));
  return scored.reduce((best, next) => (next.score > best.score ? next : best)).id;
}

function equalEdges(count: number): Ranked[] {
  return Array.from({ length: count }, (_, i) => ({ id: `edge-${i + 1}`, weight: 100 }));
}

const keys = Array.from({ length: 20_000 }, (_, i) => `key-${i}`);

function countWinners(edges: readonly Ranked[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) {
    const id = winner('secret', key, edges);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

test('equal edges get equal shares of the keys', () => {
  const counts = countWinners(equalEdges(8));
  for (const count of counts.values()) assert.ok(Math.abs(count - 2_500) < 250, String(count));
});

test('an edge gets keys in proportion to its weight', () => {
  const counts = countWinners([
    { id: 'small', weight: 50 },
    { id: 'middle', weight: 100 },
    { id: 'large', weight: 250 },
  ]);
  assert.ok(Math.abs(counts.get('small')! - 2_500) < 250);
  assert.ok(Math.abs(counts.get('middle')! - 5_000) < 400);
  assert.ok(Math.abs(counts.get('large')! - 12_500) < 500);
});

test('when an edge goes, only its own keys move; when it comes back, only its own return', () => {
  const edge = fc.record({ weight: fc.integer({ min: 1, max: 1_000 }) });
  const fleet = fc
    .array(edge, { minLength: 2, maxLength: 12 })
    .map((edges) => edges.map(({ weight }, i) => ({ id: `e${i}`, weight })));
  const key = fc.stringMatching(/^[A-Za-z0-9]{1,32}$/);
  fc.assert(
    fc.property(fleet, key, fc.nat(), (edges, named, pick) => {
      const gone = edges[pick % edges.length]!;
      const before = winner('secret', named, edges);
      const after = winner(
        'secret',
        named,
        edges.filter((edge) => edge !== gone),
      );
      if (before !== gone.id) assert.equal(after, before);
      else assert.notEqual(after, gone.id);
    }),
  );
});

test('a rising weight never loses an edge a key that it had', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{1,16}$/), fc.integer({ min: 1, max: 900 }), (key, weight) => {
      const edges = [{ id: 'a', weight }, ...equalEdges(3)];
      const heavier = [{ id: 'a', weight: weight + 100 }, ...equalEdges(3)];
      if (winner('secret', key, edges) === 'a') assert.equal(winner('secret', key, heavier), 'a');
    }),
  );
});

test('who does not know the secret cannot tell where a key goes', () => {
  const edges = equalEdges(4);
  const same = keys.filter((key) => winner('secret', key, edges) === winner('other secret', key, edges));
  assert.ok(Math.abs(same.length - keys.length / 4) < 500, String(same.length));
});

test('edge ids that differ in one character rank as if they had nothing in common', () => {
  const edges = [
    { id: 'edge-a', weight: 100 },
    { id: 'edge-b', weight: 100 },
  ];
  const first = keys.filter((key) => winner('secret', key, edges) === 'edge-a').length;
  assert.ok(Math.abs(first - keys.length / 2) < 500, String(first));
});

test('every score is a positive number, even at the ends of the hash', () => {
  const bits = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(bits, bits, bits, fc.integer({ min: 1, max: 1_000 }), (high, low, edge, weight) => {
      const score = rankScore({ high, low }, edge, weight);
      assert.ok(Number.isFinite(score) && score > 0);
    }),
  );
});
