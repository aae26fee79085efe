/**
 * Pins that were placed without the store, and how they get into it. What they have for an epoch is no number of the
 * directory's: a document or roster of an older session of the key has a higher one, and would refuse its owner for ever. So
 * such a pin gets a new epoch with its place in the store.
 */
import { spreadOf } from '#shared/claim-digest.ts';
import { provisionalEpoch } from '#shared/ids.ts';
import type { Claim, Directory, Pin, PinResult } from './directory/directory.ts';

/** In the order of the claims; undefined where a key that was placed is with the claimant now, whoever stored it. */
export async function putIntoStore(
  directory: Directory,
  claims: readonly Claim[],
): Promise<readonly (PinResult | undefined)[]> {
  const lost = claims.filter(({ epoch }) => epoch !== provisionalEpoch);
  const placed = claims.filter(({ epoch }) => epoch === provisionalEpoch);
  const restored = lost.length === 0 ? [] : await directory.restorePins(lost);
  const asked = placed.map(({ key, owner }) => ({ key, target: owner }));
  const stored = asked.length === 0 ? [] : await directory.storePins(asked);
  const results = new Map<Claim, PinResult | undefined>();
  for (const [i, claim] of lost.entries()) results.set(claim, restored[i]);
  for (const [i, claim] of placed.entries()) results.set(claim, stored[i]);
  return claims.map((claim) => results.get(claim));
}

export async function putOneIntoStore(directory: Directory, claim: Claim): Promise<PinResult> {
  const { key, owner, epoch } = claim;
  return epoch === provisionalEpoch
    ? await directory.insertPin(key, owner)
    : await directory.restorePin({ key, owner, epoch });
}

/** Of the largest part, what each has at least, but the last. */
const leastShare = 2 / 3;

/**
 * Parts of so many at most, in an order by chance: front doors have much the same pins, and each is to store a share of them and
 * to find the rest stored. From one end, or from two places, one of them would store most. Each part is a stretch of the keys' order,
 * so that it touches few pages of the store's tables. Cut where a key's hash is the lowest of those around, so that a part here is a
 * part there, and is stored or not as a whole, though not all pins are the same (as chunking by local maxima: Bjørner, Blass and
 * Gurevich 2010).
 */
export function partPins(pins: readonly Pin[], atOnceMax: number, random: () => number): Pin[][] {
  const sorted = pins.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const parts: Pin[][] = [];
  for (let from = 0; from < sorted.length;) {
    const end = cutAfter(sorted, from, atOnceMax);
    parts.push(sorted.slice(from, end));
    from = end;
  }
  return shuffle(parts, random);
}

function cutAfter(sorted: readonly Pin[], from: number, atOnceMax: number): number {
  if (sorted.length - from <= atOnceMax) return sorted.length;
  let [cut, least] = [0, Infinity];
  for (let at = from + Math.ceil(leastShare * atOnceMax); at <= from + atOnceMax; at++) {
    const spread = spreadOf(sorted[at]!.key);
    if (spread < least) [cut, least] = [at, spread];
  }
  return cut;
}

/** Fisher and Yates; in place. */
function shuffle<T>(items: T[], random: () => number): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const at = Math.floor(random() * (last + 1));
    [items[last], items[at]] = [items[at]!, items[last]!];
  }
  return items;
}
