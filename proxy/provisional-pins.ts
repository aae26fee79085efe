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
  const isProvisional = (claim: Claim): boolean => claim.epoch === provisionalEpoch;
  const lost = claims.filter((claim) => !isProvisional(claim));
  const restored = new Map<Claim, PinResult>();
  const results = lost.length === 0 ? [] : await directory.restorePins(lost);
  for (const [i, result] of results.entries()) restored.set(lost[i]!, result);
  return await Promise.all(
    claims.map(async (claim) => restored.get(claim) ?? (await findOrInsert(directory, claim))),
  );
}

/** What another front door has put there meanwhile is read, which waits for nobody; a write would. */
async function findOrInsert(directory: Directory, { key, owner }: Claim): Promise<PinResult> {
  const pin = await directory.findPin(key);
  return pin === undefined ? await directory.insertPin(key, owner) : { kind: 'found', pin };
}
