/**
 * What the members of a fleet share, derived from the join token, so that there is one secret to hand out
 * and none of the derived ones gives it away.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AffinityKey } from './ids.ts';

export interface FleetSecrets {
  /** Proof that a request came through a front door of this fleet. */
  readonly pass: string;
  /** Keys the placement hash, so that nobody outside can aim keys at one edge. */
  readonly placement: string;
  /** Signs tickets of clients that go to an edge by themselves. */
  readonly ticket: string;
  /** Signs logins to the dashboard. */
  readonly dashboard: string;
  /** Keys the hash that stands for a key in logs. */
  readonly log: string;
  /** Keys the hash that stands for a person in the history. */
  readonly people: string;
}

export function deriveFleetSecrets(joinToken: string): FleetSecrets {
  const derive = (label: string): string => createHmac('sha256', joinToken).update(label).digest('base64url');
  return {
    pass: derive('internal pass'),
    placement: derive('placement'),
    ticket: derive('ticket'),
    dashboard: derive('dashboard'),
    log: derive('log'),
    people: derive('people'),
  };
}

/** What logs show instead of a key: equal on all members, 64 bits. */
export function hashKeyForLog(secrets: FleetSecrets, key: AffinityKey): string {
  return createHmac('sha256', secrets.log).update(key).digest('hex').slice(0, 16);
}

/** What the history keeps instead of a person: equal on all members and with each login. */
export function hashPerson(secrets: FleetSecrets, person: string): string {
  return createHmac('sha256', secrets.people).update(person).digest('hex').slice(0, 32);
}

/** Compares two secrets in constant time; differing lengths are unequal. */
export function secretsEqual(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
