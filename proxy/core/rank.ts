/**
 * Weighted rendezvous hashing: every edge gets a score for a key, the highest wins, and an edge that comes
 * or goes moves only its own keys (Thaler and Ravishankar 1998; weights after Schindelhauer and Schomaker
 * 2005: score = -w / ln u). Keyed, so that nobody outside can aim keys at one edge.
 */
import { createHmac } from 'node:crypto';
import type { AffinityKey, EdgeId } from '#shared/ids.ts';

/** 64 keyed bits of a key, as two halves. */
export interface KeyHash {
  readonly high: number;
  readonly low: number;
}

/** Hashes a key with the fleet's placement secret (HMAC-SHA-256, truncated). */
export function hashKey(secret: string, key: AffinityKey): KeyHash {
  const digest = createHmac('sha256', secret).update(key).digest();
  return { high: digest.readUInt32BE(0), low: digest.readUInt32BE(4) };
}

/** 32 bits of an edge id (FNV-1a); computed once per edge. */
export function hashEdgeId(id: EdgeId): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) {
    hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  }
  return mix(hash);
}

/** Score of an edge for a key; higher is better. `weight` is at least 1. */
export function rankScore(key: KeyHash, edgeHash: number, weight: number): number {
  const high = mix(key.high ^ edgeHash);
  const low = mix(key.low ^ Math.imul(edgeHash, 0x9e3779b1) ^ high);
  // 53 bits in (0, 1): the half keeps u away from 0, where the logarithm ends.
  const u = ((high >>> 0) * 0x200000 + (low >>> 11) + 0.5) / 0x20000000000000;
  return -weight / Math.log(u);
}

/** The finalizer of MurmurHash3: every input bit changes half of the output bits. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
