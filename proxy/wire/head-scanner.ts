/**
 * Reads the head of a message byte by byte, however the bytes are split over reads: the strict grammar of
 * RFC 9112 (token names, no folded lines, no white space before a colon, CRLF and nothing else) and bounds
 * on size and number of fields. Notes where the fields stand, so that a head can be passed on by splicing.
 */
import type { HeaderList } from '../core/header-list.ts';
import { lowerCaseName } from './field-names.ts';

export type HeadFault = 'malformed' | 'too-large' | 'too-many-fields';

export interface HeadBounds {
  readonly headMaxBytes: number;
  readonly fieldsMax: number;
}

/** What `read` returns in place of an offset. */
export const wantsMore = -1;
export const isFaulty = -2;

const tab = 9;
export const lf = 10;
export const cr = 13;
export const space = 32;
const colon = 58;

/** 1 for the bytes of a token (RFC 9110 section 5.6.2). */
export const tokenBytes = new Uint8Array(256);
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  tokenBytes[char.charCodeAt(0)] = 1;
}
/** 1 for the bytes of a field value: visible ones, space, tab and obs-text (RFC 9110 section 5.5). */
export const valueBytes = new Uint8Array(256)
  .fill(1, 0x20)
  .fill(1, tab, tab + 1)
  .fill(0, 0x7f, 0x80);

const startLine = 0;
const fieldStart = 1;
const fieldName = 2;
const beforeValue = 3;
const fieldValue = 4;
const valueEnd = 5;
const headEnd = 6;
const complete = 7;
/** Numbers that are kept of each field: begin and end of its name, begin and end of its value. */
const marksPerField = 4;

export abstract class HeadScanner {
  /** The head as it came, latin1, with the empty line; whole once `read` has returned an offset. */
  text = '';
  fault: HeadFault = 'malformed';
  readonly #bounds: HeadBounds;
  /** Kept from head to head; those of this one are the first `#markCount`. */
  readonly #marks: number[] = [];
  #markCount = 0;
  #headers: HeaderList | undefined;
  #state = startLine;
  #length = 0;
  /** Turns an offset in the bytes that are being read into one in the text. */
  #shift = 0;

  constructor(bounds: HeadBounds) {
    this.#bounds = bounds;
  }

  /** True as soon as a byte of a head was seen. */
  get hasBegun(): boolean {
    return this.#length > 0;
  }

  /** Makes ready for the next head. */
  reset(): void {
    this.text = '';
    this.#markCount = 0;
    this.#headers = undefined;
    this.#state = startLine;
    this.#length = 0;
  }

  /** Reads on; returns the offset behind the head, `wantsMore` or `isFaulty`. */
  read(bytes: Buffer, from: number): number {
    const left = this.#bounds.headMaxBytes - this.#length;
    const end = Math.min(bytes.length, from + left);
    const at = this.#scan(bytes, from, end);
    if (at < 0) return isFaulty;
    this.text += bytes.toString('latin1', from, at);
    this.#length += at - from;
    if (this.#state === complete) return at;
    if (this.#length < this.#bounds.headMaxBytes) return wantsMore;
    this.fault = 'too-large';
    return isFaulty;
  }

  get fieldCount(): number {
    return this.#markCount / marksPerField;
  }

  /** The fields as a flat list: names in lower case, values without white space around them. */
  headers(): HeaderList {
    this.#headers ??= this.#readHeaders();
    return this.#headers;
  }

  #readHeaders(): HeaderList {
    const list: string[] = [];
    const marks = this.#marks;
    for (let i = 0; i < this.#markCount; i += marksPerField) {
      list.push(
        lowerCaseName(this.text, marks[i]!, marks[i + 1]!),
        this.#value(marks[i + 2]!, marks[i + 3]!),
      );
    }
    return list;
  }

  /** The lines of the fields without those of the given numbers (ascending), as they came. */
  linesWithout(dropped: readonly number[]): string {
    let lines = '';
    let from = this.#lineStart(0);
    for (const field of dropped) {
      lines += this.text.slice(from, this.#lineStart(field));
      from = this.#lineStart(field + 1);
    }
    return lines + this.text.slice(from, this.#lineStart(this.fieldCount));
  }

  /** Reads in the first line from `at`, at least one byte; returns where it stopped, or `isFaulty`. */
  protected abstract readStartLine(bytes: Buffer, at: number, end: number): number;

  protected toTextOffset(at: number): number {
    return at + this.#shift;
  }

  protected endStartLine(): void {
    this.#state = fieldStart;
  }

  #value(begin: number, end: number): string {
    let last = end;
    while (last > begin && this.#isBlank(last - 1)) last--;
    return this.text.slice(begin, last);
  }

  #isBlank(at: number): boolean {
    const code = this.text.charCodeAt(at);
    return code === space || code === tab;
  }

  /** Where the line of a field begins; behind the last one the empty line. */
  #lineStart(field: number): number {
    const at = field * marksPerField;
    return at < this.#markCount ? this.#marks[at]! : this.text.length - 2;
  }

  #scan(bytes: Buffer, from: number, end: number): number {
    this.#shift = this.#length - from;
    let at = from;
    while (at < end && this.#state === startLine) {
      at = this.readStartLine(bytes, at, end);
      if (at < 0) return isFaulty;
    }
    while (at < end && this.#state !== complete) {
      at = this.#readField(bytes, at, end);
      if (at < 0) return isFaulty;
    }
    return at;
  }

  /** Reads on in a field, part after part; returns where it ends, or where the bytes do. */
  #readField(bytes: Buffer, from: number, end: number): number {
    let at = from;
    if (this.#isAt(fieldStart)) {
      at = this.#startField(bytes, at);
      if (at < 0 || !this.#isAt(fieldName)) return at;
    }
    if (this.#isAt(fieldName)) {
      while (at < end && tokenBytes[bytes[at]!] === 1) at++;
      if (at === end) return at;
      if (bytes[at] !== colon) return isFaulty;
      this.#mark(at++);
      this.#state = beforeValue;
    }
    if (this.#isAt(beforeValue)) {
      while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
      if (at === end) return at;
      this.#mark(at);
      this.#state = fieldValue;
    }
    if (this.#isAt(fieldValue)) {
      while (at < end && valueBytes[bytes[at]!] === 1) at++;
      if (at === end) return at;
      if (bytes[at] !== cr) return isFaulty;
      this.#mark(at++);
      this.#state = valueEnd;
    }
    if (at === end) return at;
    if (bytes[at] !== lf) return isFaulty;
    return this.#enter(this.#isAt(valueEnd) ? fieldStart : complete, at + 1);
  }

  #isAt(state: number): boolean {
    return this.#state === state;
  }

  #mark(at: number): void {
    this.#marks[this.#markCount++] = at + this.#shift;
  }

  #startField(bytes: Buffer, at: number): number {
    if (bytes[at] === cr) return this.#enter(headEnd, at + 1);
    if (tokenBytes[bytes[at]!] !== 1) return isFaulty;
    if (this.fieldCount >= this.#bounds.fieldsMax) {
      this.fault = 'too-many-fields';
      return isFaulty;
    }
    this.#mark(at);
    return this.#enter(fieldName, at + 1);
  }

  #enter(state: number, at: number): number {
    this.#state = state;
    return at;
  }
}
