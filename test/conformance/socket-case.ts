/**
 * One case of the WebSocket table: a handshake, what the client writes behind it, and how the edge must end it. Frames are
 * made here bit by bit (RFC 6455 section 5.2), since no client library would send most of them.
 */
export interface SocketCase {
  readonly name: string;
  /** Section of RFC 6455 unless it says more; of a suite whose scenario it is, its name. */
  readonly source: string;
  /** Write by write, behind the handshake. */
  readonly writes: readonly Buffer[];
  /** Close code that the edge answers with; `refused` where it declines the handshake, `none` where no close frame comes. */
  readonly expected: number | 'refused' | 'none';
  /** How the client ends: by its close frame, by ending its side, or by a reset once it has heard the first echo. */
  readonly ending: 'close-frame' | 'half-closes' | 'resets';
  readonly handshake: Handshake;
}

export interface Handshake {
  readonly path: '/echo' | '/deflate';
  /** Lines of the head besides the usual ones. */
  readonly lines: string;
  /** In place of the usual ones. */
  readonly key?: string;
  readonly version?: string;
  readonly upgrade?: string;
  readonly connection?: string;
  /** The first writes go out with the head, before the answer. */
  readonly isEarly?: true;
}

export const plain: Handshake = { path: '/echo', lines: '' };
export const deflate: Handshake = {
  path: '/deflate',
  lines: 'Sec-WebSocket-Extensions: permessage-deflate\r\n',
};

interface Frame {
  readonly opcode: number;
  readonly payload?: Buffer | string;
  readonly isFinal?: boolean;
  /** Bits RSV1 (4), RSV2 (2), RSV3 (1). */
  readonly reserved?: number;
  /** Undefined: masked with the usual mask. */
  readonly mask?: Buffer | 'none';
  /** Undefined: the shortest that holds the length. */
  readonly lengthForm?: 7 | 16 | 64;
  /** In place of the true one. */
  readonly claimedLength?: bigint;
}

const usualMask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

export function frame({
  opcode,
  payload = '',
  isFinal = true,
  reserved = 0,
  mask,
  ...length
}: Frame): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload;
  const key = mask ?? usualMask;
  const lengthBytes = encodeLength(length.claimedLength ?? BigInt(bytes.length), length.lengthForm);
  if (key !== 'none') lengthBytes[0]! |= 0x80;
  const first = Buffer.of((isFinal ? 0x80 : 0) | (reserved << 4) | opcode);
  if (key === 'none') return Buffer.concat([first, lengthBytes, bytes]);
  const masked = bytes.map((byte, i) => byte ^ key[i % 4]!);
  return Buffer.concat([first, lengthBytes, key, masked]);
}

function encodeLength(length: bigint, form: Frame['lengthForm']): Buffer {
  const shortest = length < 126n ? 7 : length < 65_536n ? 16 : 64;
  switch (form ?? shortest) {
    case 7:
      return Buffer.of(Number(length));
    case 16: {
      const bytes = Buffer.of(126, 0, 0);
      bytes.writeUInt16BE(Number(length), 1);
      return bytes;
    }
    case 64: {
      const bytes = Buffer.alloc(9, 127);
      bytes.writeBigUInt64BE(length, 1);
      return bytes;
    }
  }
}

export const text = (payload: Buffer | string): Buffer => frame({ opcode: 1, payload });
export const binary = (payload: Buffer | string): Buffer => frame({ opcode: 2, payload });
export const ping = (payload: Buffer | string = ''): Buffer => frame({ opcode: 9, payload });
export const pong = (payload: Buffer | string = ''): Buffer => frame({ opcode: 10, payload });

export function close(code?: number, reason: Buffer | string = ''): Buffer {
  if (code === undefined) return frame({ opcode: 8 });
  return frame({
    opcode: 8,
    payload: Buffer.concat([Buffer.of(code >> 8, code & 255), Buffer.from(reason as string)]),
  });
}

/** A message in fragments. */
export function fragments(opcode: number, parts: readonly (Buffer | string)[]): Buffer[] {
  return parts.map((payload, i) =>
    frame({ opcode: i === 0 ? opcode : 0, payload, isFinal: i === parts.length - 1 }),
  );
}

export const filled = (length: number): Buffer => Buffer.alloc(length, 'mooring ');

/** The name, where it comes from, what is written, and the close code that must come of it (1000 unless given). */
export type SocketRow = readonly [
  name: string,
  source: string,
  bytes: Buffer | readonly Buffer[],
  expected?: SocketCase['expected'],
];

/** Each row ends with the client's close frame, which an edge that is well answers with its own. */
export function socketCases(rows: readonly SocketRow[], handshake: Handshake = plain): SocketCase[] {
  return rows.map(([name, source, bytes, expected = 1000]) => ({
    name,
    source,
    writes: [...(Array.isArray(bytes) ? (bytes as readonly Buffer[]) : [bytes as Buffer]), close(1000)],
    expected,
    ending: 'close-frame',
    handshake,
  }));
}
