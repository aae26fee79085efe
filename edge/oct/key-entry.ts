/**
 * One receiver's entry in an envelope's list of keys: a MessagePack map of three texts
 * (https://github.com/msgpack/msgpack/blob/master/spec.md), some 750 bytes. A broadcast has one for each receiver, who gets
 * no other. Where it is as the clients' encoder writes it, it is passed on as it came, and no text is made of it.
 */
import { isAscii } from 'node:buffer';
import type { SealKey } from '../core/session-state.ts';

/** Shorter texts are looked at here, longer ones natively. */
const shortMaxBytes = 48;
const mapOf3 = 0x83;
/** A map whose number of entries has two bytes, as msgpackr writes it. */
const map16 = 0xde;
/** Names behind which their text comes. */
const names = ['target', 'key', 'iv'].map((name) =>
  Buffer.from(String.fromCharCode(0xa0 | name.length) + name, 'latin1'),
);
const [targetName, keyName, ivName] = names as [Buffer, Buffer, Buffer];

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Waits in its receiver's outbox, so that it is no more than the message and where in it the texts are. */
export class KeyEntry implements SealKey {
  readonly #message: Buffer;
  readonly #start: number;
  readonly #keyStart: number;
  readonly #keyEnd: number;
  readonly #ivStart: number;
  readonly #end: number;

  constructor(message: Buffer, start: number, key: Span, iv: Span) {
    this.#message = message;
    this.#start = start;
    this.#keyStart = key.start;
    this.#keyEnd = key.end;
    this.#ivStart = iv.start;
    this.#end = iv.end;
  }

  /** The map as it came: a view of the message. */
  get bytes(): Buffer {
    return this.#message.subarray(this.#start, this.#end);
  }

  detach(): KeyEntry {
    // Not from the pool that small buffers share, which it would keep in its turn. What could be read once can be again.
    return readKeyEntry(Buffer.from(new Uint8Array(this.bytes).buffer), 0)!;
  }

  get byteLength(): number {
    return this.#end - this.#start;
  }

  get target(): string {
    return textAt(this.#message, skipHead(this.#message, this.#start)! + targetName.length);
  }

  get key(): string {
    return this.#message.toString('latin1', this.#keyStart, this.#keyEnd);
  }

  get iv(): string {
    return this.#message.toString('latin1', this.#ivStart, this.#end);
  }

  get keyLength(): number {
    return this.#keyEnd - this.#keyStart;
  }

  get ivLength(): number {
    return this.#end - this.#ivStart;
  }
}

/** Undefined where there is something else, or something that is to be read more carefully than this. */
export function readKeyEntry(message: Buffer, start: number): KeyEntry | undefined {
  const inside = skipHead(message, start);
  const target = inside === undefined ? undefined : findText(message, inside, targetName);
  const key = target && findText(message, target.end, keyName);
  const iv = key && findText(message, key.end, ivName);
  return iv && new KeyEntry(message, start, key, iv);
}

function skipHead(message: Buffer, start: number): number | undefined {
  if (message[start] === mapOf3) return start + 1;
  const isMap16 = message[start] === map16 && message[start + 1] === 0 && message[start + 2] === 3;
  return isMap16 ? start + 3 : undefined;
}

/** Of ASCII alone: what is more is read elsewhere. */
function findText(message: Buffer, at: number, name: Buffer): Span | undefined {
  for (let i = 0; i < name.length; i++) if (message[at + i] !== name[i]) return undefined;
  const span = findSpan(message, at + name.length);
  if (span === undefined || span.end > message.length) return undefined;
  return isOfAscii(message, span) ? span : undefined;
}

function isOfAscii(message: Buffer, { start, end }: Span): boolean {
  if (end - start > shortMaxBytes) return isAscii(message.subarray(start, end));
  for (let at = start; at < end; at++) if (message[at]! > 0x7f) return false;
  return true;
}

function textAt(message: Buffer, at: number): string {
  const { start, end } = findSpan(message, at)!;
  return message.toString('latin1', start, end);
}

function findSpan(message: Buffer, at: number): Span | undefined {
  const type = message[at] ?? 0;
  if (type >= 0xa0 && type <= 0xbf) return { start: at + 1, end: at + 1 + (type & 0x1f) };
  if (type === 0xd9) return { start: at + 2, end: at + 2 + (message[at + 1] ?? 0) };
  if (type !== 0xda) return undefined;
  return { start: at + 3, end: at + 3 + (message[at + 1] ?? 0) * 256 + (message[at + 2] ?? 0) };
}
