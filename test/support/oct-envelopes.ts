/**
 * Envelopes as clients see them on the wire, in Node and in a browser's page: makes sealed ones, and keeps which
 * broadcasts a client has sent and heard, in order. Order is judged there, for clients open what they hear in an
 * order of their own.
 */
import { unpack } from 'msgpackr';
import type { Socket } from 'socket.io-client';

/** An envelope as it came; plain content is an object, sealed content bytes. */
export interface RawMessage {
  readonly kind: string;
  readonly id?: string | number;
  readonly origin?: string;
  readonly metadata: { readonly encryption: { readonly keys: readonly { readonly target: string }[] } };
  readonly content:
    Uint8Array | { readonly method?: string; readonly params?: readonly Record<string, unknown>[] };
}

/** What a page tells of one of its speakers. */
export interface SpeakerReport {
  readonly id: string;
  readonly isOnWebSocket: boolean;
  readonly sent: readonly string[];
  readonly heard: Readonly<Record<string, readonly string[]>>;
  readonly reasons: readonly string[];
  readonly returns: readonly boolean[];
}

/** A sealed envelope for the given receivers, whose content nobody here can read. */
export function sealedFor(targets: readonly string[], fields: object): object {
  const keys = targets.map((target) => ({ target, key: `key of ${target}`, iv: 'iv' }));
  return {
    version: '0.3.1',
    metadata: { encryption: { keys }, compression: { algorithm: 'gzip' } },
    content: new Uint8Array([1, 2, 3]),
    ...fields,
  };
}

/** The sealed broadcasts that a client sent and heard, by the fingerprint of their content. */
export class WireLog {
  readonly sent: string[] = [];
  /** By the id of the sender. */
  readonly heard: Record<string, string[]> = {};
  /** The ids under which the edge has introduced the client to itself, one for each time. */
  readonly introductions: string[] = [];

  constructor(socket: Socket) {
    socket.onAnyOutgoing((_event: string, bytes: Uint8Array) => {
      const { kind, content } = unpack(asBytes(bytes)) as RawMessage;
      if (kind === 'broadcast' && content instanceof Uint8Array) this.sent.push(fingerprint(content));
    });
    socket.on('message', (bytes: Uint8Array | ArrayBuffer) =>
      this.#hear(unpack(asBytes(bytes)) as RawMessage),
    );
  }

  heardFrom(origin: string): readonly string[] {
    return this.heard[origin] ?? [];
  }

  #hear({ kind, origin = '', content }: RawMessage): void {
    if (!(content instanceof Uint8Array)) {
      if (content.method === 'peer/info') this.introductions.push(String(content.params?.[0]?.['id']));
    } else if (kind === 'broadcast') {
      (this.heard[origin] ??= []).push(fingerprint(content));
    }
  }
}

/** Browsers hand binary messages over as buffers without a view. */
export function asBytes(bytes: Uint8Array | ArrayBuffer): Uint8Array {
  return bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
}

/** FNV-1a, twice, with the length: enough to tell the messages of a test apart, and the same in a page. */
export function fingerprint(content: Uint8Array): string {
  let [one, two] = [0x811c9dc5, 0x01000193];
  for (const byte of content) {
    one = Math.imul(one ^ byte, 0x01000193);
    two = Math.imul(two + byte, 0x85ebca6b) ^ (two >>> 13);
  }
  return `${content.length}-${(one >>> 0).toString(16)}-${(two >>> 0).toString(16)}`;
}
