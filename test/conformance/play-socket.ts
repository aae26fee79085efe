/**
 * Plays one case of the WebSocket table as a client on a raw socket, and says all that it got: the head of the answer without
 * what a front door adds, every byte behind it, and how the connection ended. Two ways to one edge must give the same.
 */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { writeAll } from '../fuzz/raw-client.ts';
import type { SocketCase } from './socket-case.ts';

export interface SocketView {
  /** Status and fields, sorted. */
  readonly head: readonly string[];
  /** How many bytes came behind the head, and their hash. */
  readonly bytes: string;
  /** The code in the edge's close frame; `refused` where it declined, `none` where there was no close frame. */
  readonly closing: SocketCase['expected'];
  /** In order, with the edge's last word, or not. */
  readonly end: 'in order' | 'reset' | 'hang';
}

/** Way and place of the case at the edge. */
export interface SocketRoute {
  readonly port: number;
  readonly path: string;
  /** Of the head. */
  readonly lines: string;
  /** The edge speaks first: what the client writes waits for it, so that nothing depends on who was faster. */
  readonly isGreeted?: true;
}

const hangMs = 20_000;
/** Of a front door, or different each time. */
const volatileFields = new Set(['date', 'connection', 'ctstickiness', 'set-cookie']);

export async function playSocket(item: SocketCase, route: SocketRoute): Promise<SocketView> {
  const { promise, resolve } = Promise.withResolvers<SocketView['end']>();
  const socket = connect({ host: '127.0.0.1', port: route.port, allowHalfOpen: true, noDelay: true });
  const deadline = setTimeout(() => resolve('hang'), hangMs);
  let got: Buffer = Buffer.alloc(0);
  const conversation = new Conversation(socket, item, route.isGreeted === true);
  let isReset = false;
  socket.on('data', (chunk) => {
    got = Buffer.concat([got, chunk]);
    conversation.hear(got);
  });
  socket.on('error', () => (isReset = true));
  socket.on('end', () => socket.end());
  socket.on('close', () => resolve(isReset ? 'reset' : 'in order'));
  conversation.begin(formatHandshake(item, route));
  const end = await promise;
  clearTimeout(deadline);
  socket.destroy();
  return viewOf(got, end);
}

class Conversation {
  readonly #socket: Socket;
  readonly #item: SocketCase;
  readonly #isGreeted: boolean;
  #hasBegun = false;
  #hasReset = false;

  constructor(socket: Socket, item: SocketCase, isGreeted: boolean) {
    this.#socket = socket;
    this.#isGreeted = isGreeted;
    this.#item = item;
  }

  begin(head: Buffer): void {
    const { handshake, writes } = this.#item;
    const [first, ...rest] = handshake.isEarly === true ? writes : [];
    this.#socket.write(first === undefined ? head : Buffer.concat([head, first]));
    if (first !== undefined) this.#write(rest);
  }

  /** All that has come so far. */
  hear(got: Buffer): void {
    const end = got.indexOf('\r\n\r\n');
    if (end === -1) return;
    const isTurn = got.toString('latin1', 9, 12) === '101' && (!this.#isGreeted || got.length > end + 4);
    if (isTurn && !this.#hasBegun) {
      this.#hasBegun = true;
      if (this.#item.handshake.isEarly !== true) this.#write(this.#item.writes);
    }
    // Earlier the reset could take from the edge what was written before it.
    if (this.#item.ending !== 'resets' || got.length === end + 4 || this.#hasReset) return;
    this.#hasReset = true;
    this.#socket.resetAndDestroy();
  }

  #write(writes: readonly Buffer[]): void {
    writeAll(this.#socket, writes, () => {
      if (this.#item.ending === 'half-closes') this.#socket.end();
    });
  }
}

function formatHandshake({ handshake }: SocketCase, { path, lines }: SocketRoute): Buffer {
  const { key = 'dGhlIHNhbXBsZSBub25jZQ==', version = '13' } = handshake;
  const { upgrade = 'websocket', connection = 'Upgrade' } = handshake;
  const usual = `Upgrade: ${upgrade}\r\nConnection: ${connection}\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: ${version}\r\n`;
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: door.test\r\n${lines}${usual}${handshake.lines}\r\n`,
    'latin1',
  );
}

function viewOf(got: Buffer, end: SocketView['end']): SocketView {
  const headEnd = got.indexOf('\r\n\r\n');
  if (headEnd === -1) return { head: [], bytes: got.toString('latin1'), closing: 'none', end };
  const [statusLine, ...lines] = got.toString('latin1', 0, headEnd).split('\r\n');
  const rest = got.subarray(headEnd + 4);
  const fields = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    return volatileFields.has(name) ? [] : [`${name}: ${line.slice(colon + 1).trim()}`];
  });
  const isAgreed = statusLine!.startsWith('HTTP/1.1 101');
  return {
    head: [statusLine!, ...fields.toSorted()],
    bytes: `${rest.length} ${createHash('sha1').update(rest).digest('hex')}`,
    closing: isAgreed ? closeCodeIn(rest) : 'refused',
    end,
  };
}

/** Reads the edge's frames: unmasked, and well-formed where the edge is. */
function closeCodeIn(bytes: Buffer): number | 'none' {
  let at = 0;
  while (at + 2 <= bytes.length) {
    const short = bytes[at + 1]!;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const start = at + 2 + lengthBytes;
    const length = lengthBytes === 0 ? short : Number(BigInt(`0x${bytes.toString('hex', at + 2, start)}`));
    if ((bytes[at]! & 15) === 8) return length < 2 ? 1005 : bytes.readUInt16BE(start);
    at = start + length;
  }
  return 'none';
}
