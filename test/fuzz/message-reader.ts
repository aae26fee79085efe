/**
 * HTTP/1.1 messages read strictly from bytes (RFC 9112), with a parser that shares nothing with the front
 * door's: the fuzzer's measure of what a sender said. Total: every input is a message, a fault or unfinished.
 */
export interface ReadHead {
  readonly startLine: readonly [string, string, string];
  /** Names in lower case, in wire order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly end: number;
}

type Unread = { readonly kind: 'unfinished' } | { readonly kind: 'fault'; readonly reason: string };
export type HeadReading = { readonly kind: 'head'; readonly head: ReadHead } | Unread;
/** `part` is the body as far as it came. */
export type BodyReading =
  | { readonly kind: 'body'; readonly body: Buffer; readonly end: number }
  | (Unread & { readonly part: Buffer });
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }
  | { readonly kind: 'fault'; readonly reason: string };

const headerPattern = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;
/** Extensions have a grammar of their own (section 7.1.1); nobody acts on them, so their bytes alone are judged. */
const chunkSizePattern = /^([0-9A-Fa-f]{1,13})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/;
const chunkLineMaxBytes = 8_192;

export function readHead(bytes: Buffer, at: number, startPattern: RegExp): HeadReading {
  const end = bytes.indexOf('\r\n\r\n', at, 'latin1');
  if (end === -1) return { kind: 'unfinished' };
  const [startLine, ...lines] = bytes.toString('latin1', at, end).split('\r\n');
  const start = startPattern.exec(startLine!);
  if (start === null) return { kind: 'fault', reason: 'start line' };
  const headers: (readonly [string, string])[] = [];
  for (const line of lines) {
    const header = headerPattern.exec(line);
    if (header === null) return { kind: 'fault', reason: 'header line' };
    headers.push([header[1]!.toLowerCase(), header[2]!]);
  }
  return { kind: 'head', head: { startLine: [start[1]!, start[2]!, start[3]!], headers, end: end + 4 } };
}

export function valuesOf(head: ReadHead, name: string): string[] {
  return head.headers.filter(([candidate]) => candidate === name).map(([, value]) => value);
}

/** What the framing headers say, where they say it in one way only (section 6). */
export function readFraming(head: ReadHead, version: string): Framing | undefined {
  const lengths = valuesOf(head, 'content-length');
  const codings = valuesOf(head, 'transfer-encoding');
  if (codings.length > 0) {
    const isPlain = codings.length === 1 && codings[0]!.toLowerCase() === 'chunked' && version === 'HTTP/1.1';
    if (!isPlain) return { kind: 'fault', reason: 'transfer coding' };
    return lengths.length > 0 ? { kind: 'fault', reason: 'length beside chunked' } : { kind: 'chunked' };
  }
  if (lengths.length === 0) return undefined;
  if (lengths.length > 1 || !/^\d{1,15}$/.test(lengths[0]!)) return { kind: 'fault', reason: 'length' };
  return { kind: 'length', bytes: Number(lengths[0]) };
}

/** `hasEnded`: the sender closed, so that no more bytes come. */
export function readBody(bytes: Buffer, at: number, framing: Framing, hasEnded: boolean): BodyReading {
  switch (framing.kind) {
    case 'none':
      return { kind: 'body', body: Buffer.alloc(0), end: at };
    case 'length': {
      const part = bytes.subarray(at, at + framing.bytes);
      if (part.length < framing.bytes) return { kind: 'unfinished', part };
      return { kind: 'body', body: part, end: at + framing.bytes };
    }
    case 'chunked':
      return readChunks(bytes, at);
    case 'until-close': {
      const part = bytes.subarray(at);
      return hasEnded ? { kind: 'body', body: part, end: bytes.length } : { kind: 'unfinished', part };
    }
    case 'fault':
      return { kind: 'fault', reason: framing.reason, part: Buffer.alloc(0) };
  }
}

function readChunks(bytes: Buffer, start: number): BodyReading {
  const chunks: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    const part = (): Buffer => Buffer.concat(chunks);
    if (lineEnd === -1) return { kind: 'unfinished', part: part() };
    if (lineEnd - at > chunkLineMaxBytes) return { kind: 'fault', reason: 'chunk line', part: part() };
    const size = chunkSizePattern.exec(bytes.toString('latin1', at, lineEnd));
    if (size === null) return { kind: 'fault', reason: 'chunk size', part: part() };
    const length = Number.parseInt(size[1]!, 16);
    at = lineEnd + 2;
    if (length === 0) return readTrailers(bytes, at, part());
    chunks.push(bytes.subarray(at, at + length));
    at += length;
    if (bytes.length < at + 2) return { kind: 'unfinished', part: part() };
    if (bytes.toString('latin1', at, at + 2) !== '\r\n')
      return { kind: 'fault', reason: 'chunk end', part: part() };
    at += 2;
  }
}

function readTrailers(bytes: Buffer, start: number, body: Buffer): BodyReading {
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    if (lineEnd === -1) return { kind: 'unfinished', part: body };
    const line = bytes.toString('latin1', at, lineEnd);
    at = lineEnd + 2;
    if (line === '') return { kind: 'body', body, end: at };
    if (!headerPattern.test(line)) return { kind: 'fault', reason: 'trailer', part: body };
  }
}
