/** What a key that an edge holds live means, beside the directory's pin of it. */
import { formatOwner } from '#shared/ids.ts';
import type { Claim, Pin } from '../directory/directory.ts';

export type ClaimVerdict =
  /** The pin says the same. */
  | 'agreed'
  /** The pin is this one, and counts as idle. */
  | 'idle'
  /** The directory has no pin, or one of an older epoch: it has lost this one. */
  | 'lost'
  /** The pin has a newer epoch: this one is over. */
  | 'outdated';

export function judgeClaim(claim: Claim, pin: Pin | undefined): ClaimVerdict {
  if (pin === undefined || pin.epoch < claim.epoch) return 'lost';
  // An epoch is given to one edge only, so the same one with another owner is not the claimant's.
  const isOwn =
    formatOwner(pin.owner.id, pin.owner.incarnation) === formatOwner(claim.owner.id, claim.owner.incarnation);
  if (pin.epoch > claim.epoch || !isOwn) return 'outdated';
  return pin.state === 'idle' ? 'idle' : 'agreed';
}
