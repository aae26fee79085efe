/**
 * Pins that were placed without the store, and how they get into it. What they have for an epoch is no number of the
 * directory's: a document or roster of an older session of the key has a higher one, and would refuse its owner for ever. So
 * such a pin gets a new epoch with its place in the store.
 */
import type { Epoch } from '#shared/ids.ts';
import type { Claim, Directory, PinResult } from './directory/directory.ts';

/** Below every epoch that the directory gives. */
export const provisionalEpoch = 1 as Epoch;

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
