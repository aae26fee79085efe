/**
 * Reads one MessagePack value (https://github.com/msgpack/msgpack/blob/master/spec.md) from bytes that
 * nobody vouches for: no extension types but the `undefined` of the clients' encoder, bounded depth, and no
 * allocation that the bytes themselves do not pay for. Binary values are views, not copies.
 */
import { isUtf8 } from 'node:buffer';
import { readKeyEntry } from './key-entry.ts';
import type { KeyEntry } from './key-entry.ts';

export type Unpacked =
  | null
  | undefined
  | boolean
  | number
  | string
  | Uint8Array
  | KeyEntry
  | readonly Unpacked[]
  | { readonly [name: string]: Unpacked };

export type UnpackResult = { kind: 'value'; value: Unpacked } | { kind: 'malformed' };

/** Envelopes nest four deep, a join answer five. */
const depthMax = 8;
/** Values in one message, so that small bytes never become many objects; ten thousand receivers fit. */
const valuesMax = 131_072;

export function unpack(bytes: Uint8Array): UnpackResult {
  const reader = new Reader(bytes);
  try {
    const value = reader.readValue(depthMax);
    return reader.isAtEnd ? { kind: 'value', value } : { kind: 'malformed' };
  } catch (error) {
    if (error instanceof MalformedError) return { kind: 'malformed' };
    throw error;
  }
}

class MalformedError extends Error {}

/** Names that come again in each message, the last three fifty times in some: found by their bytes, they cost no new string. */
const names = ['id', 'kind', 'version', 'origin', 'content', 'metadata', 'encryption', 'compression'];
const frequent = [...names, 'algorithm', 'none', 'broadcast', 'keys', 'target', 'key', 'iv'];
const namesByHead = new Map(
  frequent.map((name) => [headOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1)), name]),
);
/** Shorter texts are looked at here, longer ones natively. */
const shortMaxBytes = 48;

/** Another one for each of them. */
function headOf(length: number, first: number, last: number): number {
  return (length * 256 + first) * 256 + last;
}

class Reader {
  readonly #bytes: Uint8Array;
  /** The same, for texts. */
  readonly #buffer: Buffer;
  readonly #view: DataView;
  #at = 0;
  #values = 0;
  /** Of what is read now, in the map that it is in. */
  #name = '';

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.byteLength;
  }

  readValue(depth: number): Unpacked {
    if (depth === 0 || ++this.#values > valuesMax) throw new MalformedError();
    const type = this.#readUint(1);
    if (type <= 0x7f) return type;
    if (type <= 0x8f) return this.#readMap(type & 0x0f, depth);
    if (type <= 0x9f) return this.#readArray(type & 0x0f, depth);
    if (type <= 0xbf) return this.#readText(type & 0x1f);
    if (type >= 0xe0) return type - 0x100;
    return this.#readTyped(type, depth);
  }

  #readTyped(type: number, depth: number): Unpacked {
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#readUint(2 ** (type - 0xc4)));
      case 0xd4:
        return this.#readUndefined();
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#readText(this.#readUint(2 ** (type - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#readArray(this.#readUint(2 ** (type - 0xdb)), depth);
      case 0xde:
      case 0xdf:
        return this.#readMap(this.#readUint(2 ** (type - 0xdd)), depth);
      default:
        return this.#readNumber(type);
    }
  }

  #readNumber(type: number): number {
    switch (type) {
      case 0xca:
        return this.#view.getFloat32(this.#skip(4));
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#readUint(2 ** (type - 0xcc));
      case 0xcf:
        return Number(this.#view.getBigUint64(this.#skip(8)));
      case 0xd0:
        return this.#view.getInt8(this.#skip(1));
      case 0xd1:
        return this.#view.getInt16(this.#skip(2));
      case 0xd2:
        return this.#view.getInt32(this.#skip(4));
      case 0xd3:
        return Number(this.#view.getBigInt64(this.#skip(8)));
      default:
        throw new MalformedError();
    }
  }

  #readUint(width: number): number {
    const at = this.#skip(width);
    if (width === 1) return this.#view.getUint8(at);
    return width === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  /** msgpackr writes `undefined` as the one-byte extension of type 0 with the value 0. */
  #readUndefined(): undefined {
    if (this.#readUint(2) !== 0) throw new MalformedError();
  }

  #readText(length: number): string {
    const start = this.#skip(length);
    const end = start + length;
    if (length <= shortMaxBytes) {
      const name = namesByHead.get(headOf(length, this.#bytes[start]!, this.#bytes[end - 1]!));
      if (name !== undefined && this.#is(name, start)) return name;
      if (this.#isAscii(start, end)) return this.#buffer.toString('latin1', start, end);
    }
    if (!isUtf8(this.#buffer.subarray(start, end))) throw new MalformedError();
    return this.#buffer.toString('utf8', start, end);
  }

  #is(name: string, start: number): boolean {
    for (let i = 0; i < name.length; i++) if (this.#bytes[start + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  #isAscii(start: number, end: number): boolean {
    for (let i = start; i < end; i++) if (this.#bytes[i]! > 0x7f) return false;
    return true;
  }

  #readKeyEntry(): KeyEntry | undefined {
    const entry = readKeyEntry(this.#buffer, this.#at);
    if (entry === undefined) return undefined;
    this.#at += entry.byteLength;
    this.#values++;
    return entry;
  }

  /** Every element takes a byte at least, so a length that the bytes cannot hold is a lie. */
  #readArray(length: number, depth: number): Unpacked[] {
    this.#require(length);
    const values: Unpacked[] = [];
    const read =
      this.#name === 'keys'
        ? (): Unpacked => this.#readKeyEntry() ?? this.readValue(depth - 1)
        : (): Unpacked => this.readValue(depth - 1);
    for (let i = 0; i < length; i++) values.push(read());
    return values;
  }

  #readMap(length: number, depth: number): { readonly [name: string]: Unpacked } {
    this.#require(length * 2);
    // Without a prototype, so that the name `__proto__` is a name like any other.
    const map = Object.create(null) as Record<string, Unpacked>;
    for (let i = 0; i < length; i++) {
      const name = this.readValue(1);
      if (typeof name !== 'string') throw new MalformedError();
      this.#name = name;
      map[name] = this.readValue(depth - 1);
    }
    return map;
  }

  #take(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  #skip(length: number): number {
    this.#require(length);
    const start = this.#at;
    this.#at += length;
    return start;
  }

  #require(length: number): void {
    if (length > this.#bytes.byteLength - this.#at) throw new MalformedError();
  }
}
