/** The first line of a request (RFC 9112 section 3): method, target, HTTP/1.0 or HTTP/1.1. */
import { METHODS } from '#shared/node-http.ts';
import { HeadScanner, cr, isFaulty, lf, space, tokenBytes } from './head-scanner.ts';

const knownMethods: ReadonlySet<string> = new Set(METHODS);
const methodMaxBytes = Math.max(...METHODS.map((method) => method.length));
const versionStart = Buffer.from('HTTP/1.');
const zero = 48;
const one = 49;

export function isKnownMethod(method: string): boolean {
  return knownMethods.has(method);
}

const atBegin = 0;
const afterBlank = 1;
const inMethod = 2;
const inTarget = 3;
const inVersion = 4;

export class RequestScanner extends HeadScanner {
  method = '';
  httpVersion: '1.0' | '1.1' = '1.1';
  #part = atBegin;
  #targetStart = 0;
  #targetEnd = 0;
  #versionAt = 0;
  #pending = '';

  override reset(): void {
    super.reset();
    this.method = '';
    this.#pending = '';
    this.#part = atBegin;
    this.#versionAt = 0;
  }

  get target(): string {
    return this.text.slice(this.#targetStart, this.#targetEnd);
  }

  protected override readStartLine(bytes: Buffer, from: number, end: number): number {
    const byte = bytes[from]!;
    switch (this.#part) {
      case atBegin:
        // RFC 9112 section 2.2: an empty line that an old client sent behind the request before.
        if (byte === cr) return this.#enter(afterBlank, from + 1);
        return this.#enter(inMethod, from);
      case afterBlank:
        return byte === lf ? this.#enter(inMethod, from + 1) : isFaulty;
      case inMethod:
        return this.#readMethod(bytes, from, end);
      case inTarget:
        return this.#readTarget(bytes, from, end);
      default:
        return this.#readVersion(byte, from);
    }
  }

  #readMethod(bytes: Buffer, from: number, end: number): number {
    let at = from;
    while (at < end && tokenBytes[bytes[at]!] === 1) at++;
    this.#pending += bytes.toString('latin1', from, at);
    if (this.#pending.length > methodMaxBytes) return isFaulty;
    if (at === end) return at;
    if (bytes[at] !== space || !knownMethods.has(this.#pending)) return isFaulty;
    this.method = this.#pending;
    this.#targetStart = this.toTextOffset(at + 1);
    return this.#enter(inTarget, at + 1);
  }

  #readTarget(bytes: Buffer, from: number, end: number): number {
    let at = from;
    while (at < end && bytes[at]! > space && bytes[at]! < 0x7f) at++;
    if (at === end) return at;
    this.#targetEnd = this.toTextOffset(at);
    if (bytes[at] !== space || this.#targetEnd === this.#targetStart) return isFaulty;
    return this.#enter(inVersion, at + 1);
  }

  #readVersion(byte: number, at: number): number {
    const place = this.#versionAt++;
    if (place < versionStart.length) return byte === versionStart[place] ? at + 1 : isFaulty;
    if (place === versionStart.length) {
      this.httpVersion = byte === zero ? '1.0' : '1.1';
      return byte === zero || byte === one ? at + 1 : isFaulty;
    }
    if (place === versionStart.length + 1) return byte === cr ? at + 1 : isFaulty;
    this.endStartLine();
    return byte === lf ? at + 1 : isFaulty;
  }

  #enter(part: number, at: number): number {
    this.#part = part;
    return at;
  }
}
