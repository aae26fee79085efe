/** Ids that nobody can guess: of relayed requests, and of guests who wait. */
import { randomBytes } from 'node:crypto';
import type { RelayId } from '../core/session-state.ts';

const idRandomBytes = 18;

export const newRelayId = (): RelayId => randomId() as RelayId;

/** A command line takes what begins with a hyphen for an option. */
export function randomId(): string {
  return randomBytes(idRandomBytes).toString('base64url').replace(/^-/, '0');
}
