/**
 * Messages on the line between a front door and an edge of the same machine, over which upgraded connections are handed
 * on. Binary: length of the rest (u32), kind (u8), fields. A `give` brings the descriptor with its first byte, so the n-th
 * `give` of a line and the n-th descriptor belong together. Numbers of given connections are the line's own.
 */

export interface Give {
  readonly kind: 'give';
  readonly number: number;
  /** A connection without a byte either way is closed after this. */
  readonly idleMs: number;
  /** The exchange that the edge has agreed to take. */
  readonly exchangeId: string;
  /** Fields of the 101 that are the front door's to say, as they stand in a head. */
  readonly fields: string;
  /** What the client has sent behind its head. */
  readonly early: Buffer;
}

/** How a handed connection ended: `status` is 101 unless the handshake went no further. */
export interface HandedEnd {
  readonly kind: 'ended';
  readonly number: number;
  readonly status: number;
  readonly up: number;
  readonly down: number;
}

export type HandoffMessage =
  /** First from the front door: the secret of the offer; answered with `welcome`. */
  | { readonly kind: 'greeting'; readonly secret: string }
  | { readonly kind: 'welcome' }
  | Give
  /** The edge has the connection, and alone from now on. */
  | { readonly kind: 'taken'; readonly number: number }
  /** Nobody waits for it any more, or the descriptor found no room: it is the front door's as before. */
  | { readonly kind: 'unclaimed'; readonly number: number }
  | HandedEnd;

/** A `give` with what one client may have sent ahead is well below. */
export const handoffMessageMaxBytes = 262_144;

const kinds = ['greeting', 'welcome', 'give', 'taken', 'unclaimed', 'ended'] as const;
const lengthBytes = 4;
const prefixBytes = lengthBytes + 1;
const u32 = 4;

export function encodeHandoff(message: HandoffMessage): Buffer {
  switch (message.kind) {
    case 'greeting':
      return frame(message.kind, Buffer.from(message.secret, 'latin1'));
    case 'welcome':
      return frame(message.kind, Buffer.alloc(0));
    case 'give':
      return encodeGive(message);
    case 'taken':
    case 'unclaimed': {
      const body = Buffer.allocUnsafe(u32);
      body.writeUInt32LE(message.number);
      return frame(message.kind, body);
    }
    case 'ended': {
      const body = Buffer.allocUnsafe(24);
      body.writeUInt32LE(message.number, 0);
      body.writeUInt32LE(message.status, 4);
      body.writeDoubleLE(message.up, 8);
      body.writeDoubleLE(message.down, 16);
      return frame(message.kind, body);
    }
  }
}

function encodeGive({ kind, number, idleMs, exchangeId, fields, early }: Give): Buffer {
  const head = Buffer.allocUnsafe(16);
  head.writeUInt32LE(number, 0);
  head.writeUInt32LE(idleMs, 4);
  head.writeUInt32LE(exchangeId.length, 8);
  head.writeUInt32LE(fields.length, 12);
  return frame(kind, Buffer.concat([head, Buffer.from(exchangeId + fields, 'latin1'), early]));
}

function frame(kind: HandoffMessage['kind'], body: Buffer): Buffer {
  const prefix = Buffer.allocUnsafe(prefixBytes);
  prefix.writeUInt32LE(body.length + 1, 0);
  prefix.writeUInt8(kinds.indexOf(kind), lengthBytes);
  return Buffer.concat([prefix, body]);
}

/** Takes the messages of one direction out of what was read. */
export class HandoffReader {
  #held: Buffer = Buffer.alloc(0);

  /** The messages that are complete; `undefined` at its end where what follows is none. Copies what it keeps. */
  read(bytes: Buffer): (HandoffMessage | undefined)[] {
    let rest = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const messages: (HandoffMessage | undefined)[] = [];
    while (rest.length >= prefixBytes) {
      const end = lengthBytes + rest.readUInt32LE(0);
      if (end < prefixBytes || end > handoffMessageMaxBytes) return [...messages, undefined];
      if (rest.length < end) break;
      const message = decode(kinds[rest.readUInt8(lengthBytes)], rest.subarray(prefixBytes, end));
      messages.push(message);
      if (message === undefined) return messages;
      rest = rest.subarray(end);
    }
    this.#held = Buffer.from(rest);
    return messages;
  }
}

function decode(kind: HandoffMessage['kind'] | undefined, body: Buffer): HandoffMessage | undefined {
  switch (kind) {
    case 'greeting':
      return { kind, secret: body.toString('latin1') };
    case 'welcome':
      return { kind };
    case 'give':
      return decodeGive(body);
    case 'taken':
    case 'unclaimed':
      return body.length === u32 ? { kind, number: body.readUInt32LE(0) } : undefined;
    case 'ended':
      if (body.length !== 24) return undefined;
      return {
        kind,
        number: body.readUInt32LE(0),
        status: body.readUInt32LE(4),
        up: body.readDoubleLE(8),
        down: body.readDoubleLE(16),
      };
    case undefined:
      return undefined;
  }
}

function decodeGive(body: Buffer): Give | undefined {
  if (body.length < 16) return undefined;
  const idEnd = 16 + body.readUInt32LE(8);
  const fieldsEnd = idEnd + body.readUInt32LE(12);
  if (fieldsEnd > body.length) return undefined;
  return {
    kind: 'give',
    number: body.readUInt32LE(0),
    idleMs: body.readUInt32LE(4),
    exchangeId: body.toString('latin1', 16, idEnd),
    fields: body.toString('latin1', idEnd, fieldsEnd),
    early: Buffer.from(body.subarray(fieldsEnd)),
  };
}
