/** The first line of an answer (RFC 9112 section 4): HTTP/1.0 or HTTP/1.1, status, reason. */
import { HeadScanner, cr, isFaulty, lf, space, valueBytes } from './head-scanner.ts';

const versionStart = Buffer.from('HTTP/1.');
const zero = 48;
const one = 49;
const nine = 57;
const statusAt = versionStart.length + 2;
const statusEnd = statusAt + 3;

export class ResponseScanner extends HeadScanner {
  status = 0;
  httpVersion: '1.0' | '1.1' = '1.1';
  /** Bytes of the line so far. */
  #place = 0;
  #lineEnds = false;
  #reasonEnd = 0;

  override reset(): void {
    super.reset();
    this.status = 0;
    this.#place = 0;
    this.#lineEnds = false;
    this.#reasonEnd = 0;
  }

  get reason(): string {
    return this.text.slice(statusEnd + 1, Math.max(statusEnd + 1, this.#reasonEnd));
  }

  protected override readStartLine(bytes: Buffer, from: number, end: number): number {
    let at = from;
    if (this.#place > statusEnd && !this.#lineEnds) {
      while (at < end && valueBytes[bytes[at]!] === 1) at++;
      if (at === end) return at;
    }
    return this.#readByte(bytes[at]!, this.#place++) ? this.#passed(at) : isFaulty;
  }

  #passed(at: number): number {
    if (this.#lineEnds && this.#reasonEnd === 0) this.#reasonEnd = this.toTextOffset(at);
    return at + 1;
  }

  #readByte(byte: number, place: number): boolean {
    if (this.#lineEnds) {
      this.endStartLine();
      return byte === lf;
    }
    if (place < versionStart.length) return byte === versionStart[place];
    if (place === versionStart.length) {
      this.httpVersion = byte === zero ? '1.0' : '1.1';
      return byte === zero || byte === one;
    }
    if (place < statusAt) return byte === space;
    if (place < statusEnd) {
      this.status = this.status * 10 + byte - zero;
      return byte >= zero && byte <= nine && this.status > 0;
    }
    // Edges that send no reason may leave out the space before it, too.
    if (place === statusEnd && byte === space) return true;
    this.#lineEnds = true;
    return byte === cr;
  }
}
