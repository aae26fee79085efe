/** Ids that nobody can guess: of relayed requests, and of guests who wait. */
import { randomBytes } from 'node:crypto';
import { hyphenless } from '#shared/hyphenless.ts';
import type { RelayId } from '../core/session-state.ts';

const idRandomBytes = 18;

export const newRelayId = (): RelayId => randomId() as RelayId;

export function randomId(): string {
  return hyphenless(randomBytes(idRandomBytes).toString('base64url'));
}
