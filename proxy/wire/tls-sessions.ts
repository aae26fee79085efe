/**
 * TLS sessions with edges, one per address, so that a new connection needs no full handshake. Kept only of a connection
 * whose certificate was trusted: a session that goes on is not judged again, so it must come from the same address.
 */
import type { TLSSocket } from 'node:tls';
import type { Origin } from './origin.ts';

/** Edges of a pool; of more than so many the one whose session is oldest has a full handshake again. */
const keptMax = 1_024;

export class TlsSessions {
  readonly #kept = new Map<string, Buffer>();

  /** The session to go on with, as an option of `tls.connect`. */
  optionFor({ authority }: Origin): { readonly session?: Buffer } {
    const session = this.#kept.get(authority);
    return session === undefined ? {} : { session };
  }

  /** Keeps the sessions that the edge offers on a connection that is being made. */
  follow(socket: TLSSocket, { authority }: Origin): void {
    let offered: Buffer | undefined;
    let isTrusted = false;
    socket.on('session', (session: Buffer) => {
      offered = session;
      if (isTrusted) this.#keep(authority, session);
    });
    socket.once('secureConnect', () => {
      isTrusted = true;
      if (offered !== undefined) this.#keep(authority, offered);
    });
    socket.once('error', () => {
      // Perhaps it is the session that the edge could not go on with.
      if (!isTrusted) this.#kept.delete(authority);
    });
  }

  #keep(authority: string, session: Buffer): void {
    this.#kept.delete(authority);
    this.#kept.set(authority, session);
    if (this.#kept.size > keptMax) this.#kept.delete(this.#kept.keys().next().value!);
  }
}
