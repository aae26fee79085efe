/**
 * A short form of a set of keys with their epochs, so that two sides can tell where their sets differ without naming a
 * key: keys fall into buckets, and each bucket has the sum of its hashes. A chance difference goes unnoticed once in 2^52.
 */
import type { AffinityKey, Epoch } from './ids.ts';

export const claimBuckets = 64;
const sumLimit = 2 ** 52;

export function bucketOf(key: AffinityKey): number {
  return spreadOf(key) % claimBuckets;
}

/** 32 bits, the same everywhere. */
export function spreadOf(key: AffinityKey): number {
  return hash(key, 0).high;
}

export class ClaimDigest {
  readonly sums: number[] = Array.from({ length: claimBuckets }, () => 0);

  add(key: AffinityKey, epoch: Epoch): void {
    const bucket = bucketOf(key);
    const { high, low } = hash(`${epoch}/${key}`, 1);
    // 52 bits, and the sum of two of them is still exact.
    this.sums[bucket] = (this.sums[bucket]! + (high >>> 12) * 2 ** 32 + low) % sumLimit;
  }
}

/** Two FNV-1a hashes of different multipliers, mixed as MurmurHash3 ends. */
function hash(text: string, seed: number): { high: number; low: number } {
  let high = 0x811c9dc5 ^ seed;
  let low = 0x9e3779b9 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x85ebca6b);
  }
  return { high: mix(high ^ (low >>> 7)), low: mix(low ^ (high >>> 9)) };
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
