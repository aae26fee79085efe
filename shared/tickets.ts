/**
 * Tickets by which a client goes to an edge past the front door: a front door signs that this incarnation owns the key with
 * this epoch; the edge believes it for a minute. What decides is the epoch, so a ticket that is too old costs a refusal and never a split.
 */
import { createHmac } from 'node:crypto';
import { secretsEqual } from './fleet-secrets.ts';
import { parseAffinityKey, parseEpoch } from './ids.ts';
import type { AffinityKey, Epoch } from './ids.ts';

/** A header on the way to an edge; browsers, whose WebSockets bear none, use the query. */
export const ticketHeader = 'x-ct-ticket';
export const ticketParameter = 'ctticket';

export interface TicketClaims {
  readonly key: AffinityKey;
  readonly epoch: Epoch;
  /** `edge:incarnation`. */
  readonly owner: string;
}

export type TicketResult =
  | { readonly kind: 'valid'; readonly claims: TicketClaims }
  | { readonly kind: 'refused'; readonly code: 'ticket-invalid' | 'ticket-expired' };

/** The clocks of front doors and edges may differ by less than this, or tickets are refused. */
const lifetimeMs = 60_000;
const ticketMaxLength = 1_024;
const invalid = { kind: 'refused', code: 'ticket-invalid' } as const;

export class Tickets {
  readonly #secret: string;
  readonly #nowMs: () => number;

  /** `nowMs` is the time of day. */
  constructor(secret: string, nowMs: () => number) {
    this.#secret = secret;
    this.#nowMs = nowMs;
  }

  issue({ key, epoch, owner }: TicketClaims): { ticket: string; expiresAtMs: number } {
    const expiresAtMs = this.#nowMs() + lifetimeMs;
    const body = Buffer.from(JSON.stringify([key, epoch, owner, expiresAtMs])).toString('base64url');
    return { ticket: `${body}.${this.#sign(body)}`, expiresAtMs };
  }

  verify(ticket: string): TicketResult {
    const [body, signature, ...rest] = ticket.length > ticketMaxLength ? [] : ticket.split('.');
    if (body === undefined || signature === undefined || rest.length > 0) return invalid;
    if (!secretsEqual(signature, this.#sign(body))) return invalid;
    const [keyText, epochText, owner, expiresAtMs] = JSON.parse(
      Buffer.from(body, 'base64url').toString('utf8'),
    ) as [string, number, string, number];
    const key = parseAffinityKey(keyText);
    const epoch = parseEpoch(String(epochText));
    if (key === undefined || epoch === undefined) return invalid;
    if (expiresAtMs <= this.#nowMs()) return { kind: 'refused', code: 'ticket-expired' };
    return { kind: 'valid', claims: { key, epoch, owner } };
  }

  #sign(body: string): string {
    return createHmac('sha256', this.#secret).update(body).digest('base64url');
  }
}
