/** Two sides with the same keys and epochs have the same digest; with others, only the buckets of those differ. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ClaimDigest, bucketOf, claimBuckets } from './claim-digest.ts';
import { parseAffinityKey } from './ids.ts';
import type { AffinityKey, Epoch } from './ids.ts';

const claim = fc.tuple(
  fc.string({ minLength: 1, maxLength: 12 }).filter((text) => parseAffinityKey(text) !== undefined),
  fc.integer({ min: 1, max: 2 ** 50 }),
);

function digestOf(claims: readonly (readonly [string, number])[]): readonly number[] {
  const digest = new ClaimDigest();
  for (const [key, epoch] of claims) digest.add(key as AffinityKey, epoch as Epoch);
  return digest.sums;
}

test('a digest does not depend on the order, and shows every key and epoch that one side alone has', () => {
  const claims = fc.uniqueArray(claim, { selector: ([key]) => key, minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(claims, fc.nat(), (all, pick) => {
      const chosen = pick % all.length;
      const [key, epoch] = all[chosen]!;
      const whole = digestOf(all);
      assert.deepEqual(digestOf(all.toReversed()), whole);
      const without = digestOf(all.toSpliced(chosen, 1));
      const raised = digestOf(all.toSpliced(chosen, 1, [key, epoch + 1]));
      const bucket = bucketOf(key as AffinityKey);
      for (const other of [without, raised]) {
        const differing = whole.flatMap((sum, i) => (sum === other[i] ? [] : [i]));
        assert.deepEqual(differing, [bucket]);
      }
    }),
  );
});

test('keys spread over all buckets, and sums stay exact', () => {
  const claims = Array.from({ length: 20_000 }, (_, i) => [`key-${i}`, 2 ** 50 + i] as const);
  const counts = Array.from({ length: claimBuckets }, () => 0);
  for (const [key] of claims) counts[bucketOf(key as AffinityKey)]!++;
  const mean = claims.length / claimBuckets;
  assert.ok(Math.max(...counts) < mean * 1.5 && Math.min(...counts) > mean * 0.5, counts.join(' '));
  assert.ok(digestOf(claims).every((sum) => Number.isSafeInteger(sum) && sum >= 0));
});
