/**
 * TLS sessions with edges, one per address, so that a new connection needs no full handshake. Kept only of a connection
 * whose certificate was trusted: a session that goes on is not judged again, so it must come from the same address, and ends with
 * the certificate, or a day after that was looked at.
 */
import type { TLSSocket } from 'node:tls';
import type { Origin } from './origin.ts';

/** Edges of a pool; of more than so many the one whose session is oldest has a full handshake again. */
const keptMax = 1_024;

/** An authority may have taken its word back meanwhile. */
const trustedMaxMs = 86_400_000;

interface Kept {
  readonly session: Buffer;
  readonly validUntilMs: number;
}

export class TlsSessions {
  readonly #kept = new Map<string, Kept>();
  readonly #wallMs: () => number;

  constructor(wallMs: () => number = Date.now) {
    this.#wallMs = wallMs;
  }

  /** The session to go on with, as an option of `tls.connect`. */
  optionFor({ authority }: Origin): { readonly session?: Buffer } {
    const kept = this.#kept.get(authority);
    return kept === undefined || kept.validUntilMs <= this.#wallMs() ? {} : { session: kept.session };
  }

  /** Keeps the sessions that the edge offers on a connection that is being made. */
  follow(socket: TLSSocket, { authority }: Origin): void {
    let offered: Buffer | undefined;
    let validUntilMs: number | undefined;
    const keep = (): void => {
      if (offered !== undefined && validUntilMs !== undefined)
        this.#keep(authority, { session: offered, validUntilMs });
    };
    socket.on('session', (session: Buffer) => {
      offered = session;
      keep();
    });
    socket.once('secureConnect', () => {
      validUntilMs = this.#validUntil(socket, authority);
      keep();
    });
    socket.once('error', () => {
      // Perhaps it is the session that the edge could not go on with.
      if (validUntilMs === undefined) this.#kept.delete(authority);
    });
  }

  /** Of a session that goes on, what its first connection was judged by. */
  #validUntil(socket: TLSSocket, authority: string): number {
    if (socket.isSessionReused()) return this.#kept.get(authority)?.validUntilMs ?? 0;
    const endsMs = Date.parse(socket.getPeerCertificate().valid_to);
    return Math.min(Number.isNaN(endsMs) ? Infinity : endsMs, this.#wallMs() + trustedMaxMs);
  }

  #keep(authority: string, kept: Kept): void {
    this.#kept.delete(authority);
    this.#kept.set(authority, kept);
    if (this.#kept.size > keptMax) this.#kept.delete(this.#kept.keys().next().value!);
  }
}
