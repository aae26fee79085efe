/** Scripts of the load program (`load/script.c`): WebSockets that need a handshake of their own, and what they say. */
import { writeFileSync } from 'node:fs';
import { sampleWebSocketKey } from './load-program.ts';

export interface ScriptMember {
  readonly port: number;
  /** Head of the upgrade. */
  readonly request: string;
  /** Whole frames to send once it is answered. */
  readonly opening?: Buffer;
  /** The member is in when a message contains this; at once without it. */
  readonly ready?: Buffer;
}

/** Frames and bytes by the name of their line, and the path of the messages. */
export type ScriptLines = Readonly<
  Partial<Record<'question' | 'answer' | 'ignore' | 'before' | 'prefix', Buffer> & { messages: string }>
>;

const opcodes = { text: 1, binary: 2, ping: 9, pong: 10 } as const;
const mask = [0x12, 0x34, 0x56, 0x78] as const;

export function writeScript(path: string, members: readonly ScriptMember[], lines: ScriptLines): void {
  const ofMembers = members.map(
    ({ port, request, opening, ready }) =>
      `member ${port} ${toHex(Buffer.from(request))} ${toHex(opening)} ${toHex(ready)}\n`,
  );
  const others = Object.entries(lines).map(
    ([name, value]) => `${name} ${typeof value === 'string' ? value : toHex(value)}\n`,
  );
  writeFileSync(path, [...ofMembers, ...others].join(''));
}

export function upgradeRequest(target: string, headers: Readonly<Record<string, string>>): string {
  const fields = {
    host: '127.0.0.1',
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-version': '13',
    'sec-websocket-key': sampleWebSocketKey,
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** A whole frame as clients send it (RFC 6455 section 5.2). */
export function clientFrame(kind: keyof typeof opcodes, payload: Uint8Array): Buffer {
  const masked = payload.map((byte, index) => byte ^ mask[index % 4]!);
  return Buffer.concat([frameHead(kind, payload.byteLength, 0x80), Buffer.from(mask), masked]);
}

/** A whole frame as servers send it. */
export function serverFrame(kind: keyof typeof opcodes, payload: Uint8Array): Buffer {
  return Buffer.concat([frameHead(kind, payload.byteLength, 0), payload]);
}

/** As a record of a file of messages. */
export function messageRecord(message: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(message.byteLength);
  return Buffer.concat([length, message]);
}

function frameHead(kind: keyof typeof opcodes, length: number, maskBit: number): Buffer {
  const first = 0x80 | opcodes[kind];
  if (length < 126) return Buffer.from([first, maskBit | length]);
  const head = Buffer.from([first, maskBit | 126, 0, 0]);
  head.writeUInt16BE(length, 2);
  return head;
}

function toHex(bytes: Buffer | undefined): string {
  return bytes === undefined || bytes.length === 0 ? '-' : bytes.toString('hex');
}
