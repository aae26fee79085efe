/**
 * Pins that were placed without the store, and how they get into it. What they have for an epoch is no number of the
 * directory's: a document or roster of an older session of the key has a higher one, and would refuse its owner for ever. So
 * such a pin gets a new epoch with its place in the store.
 */
import { spreadOf } from '#shared/claim-digest.ts';
import { provisionalEpoch } from '#shared/ids.ts';
import type { Claim, Directory, Pin, PinResult } from './directory/directory.ts';

/** The results are in the order of the claims. */
export async function putIntoStore(
  directory: Directory,
  claims: readonly Claim[],
): Promise<readonly PinResult[]> {
  const lost = claims.filter(({ epoch }) => epoch !== provisionalEpoch);
  const placed = claims.filter(({ epoch }) => epoch === provisionalEpoch);
  const restored = lost.length === 0 ? [] : await directory.restorePins(lost);
  const asked = placed.map(({ key, owner }) => ({ key, target: owner }));
  const inserted = asked.length === 0 ? [] : await directory.insertPins(asked);
  const results = new Map<Claim, PinResult>();
  for (const [i, claim] of lost.entries()) results.set(claim, restored[i]!);
  for (const [i, claim] of placed.entries()) results.set(claim, inserted[i]!);
  return claims.map((claim) => results.get(claim)!);
}

/** Mean size of a part, as a share of what it may be. */
const fill = 0.95;

/**
 * Parts of about so many, in an order by chance: front doors have much the same pins, and each is to store a share of them and
 * to find the rest stored. From one end, or from two places, one of them would store most. By the keys' hashes, so that a part
 * here is a part there, or half of one, and is stored or not as a whole.
 */
export function partPins(pins: readonly Pin[], atOnceMax: number, random: () => number): Pin[][] {
  const bits = Math.max(0, Math.ceil(Math.log2(pins.length / (fill * atOnceMax))));
  const parts: Pin[][] = Array.from({ length: 2 ** bits }, () => []);
  // A shift by 32 is one by none.
  for (const pin of pins) parts[bits === 0 ? 0 : spreadOf(pin.key) >>> (32 - bits)]!.push(pin);
  for (let last = parts.length - 1; last > 0; last--) {
    const at = Math.floor(random() * (last + 1));
    [parts[last], parts[at]] = [parts[at]!, parts[last]!];
  }
  return parts.filter((part) => part.length > 0);
}
