/**
 * Where a body ends, by what its head says (RFC 9112 section 6.3), or that two implementations could disagree on it. The one
 * reading that the gate judges and the wire obeys.
 */
import { headerValues } from './header-list.ts';
import type { HeaderList } from './header-list.ts';

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** Of answers alone. */
  | { readonly kind: 'until-close' }
  | { readonly kind: 'ambiguous'; readonly reason: string };

const none: Framing = { kind: 'none' };
const chunked: Framing = { kind: 'chunked' };
const untilClose: Framing = { kind: 'until-close' };
const ambiguousLength: Framing = { kind: 'ambiguous', reason: 'not exactly one plain Content-Length' };
/** 15 digits are exact in a double. */
const lengthPattern = /^\d{1,15}$/;

export function requestFraming(headers: HeaderList, httpVersion: string): Framing {
  return declaredFraming(headers, httpVersion) ?? none;
}

/** `method` is that of the request: an answer to HEAD has no body, whatever it declares. */
export function answerFraming(
  method: string,
  answer: { readonly status: number; readonly httpVersion: string; readonly headers: HeaderList },
): Framing {
  const { status, httpVersion, headers } = answer;
  const hasNoBody = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  if (!hasNoBody) return declaredFraming(headers, httpVersion) ?? untilClose;
  // The length of what is not sent goes on to the client, who would stumble over two of them, or a bad one.
  return hasPlainLength(headers) ? none : ambiguousLength;
}

/** True where a body follows, or may follow, the head. */
export function announcesBody(framing: Framing): boolean {
  return framing.kind !== 'none' && !(framing.kind === 'length' && framing.bytes === 0);
}

function declaredFraming(headers: HeaderList, httpVersion: string): Framing | undefined {
  if (!hasPlainLength(headers)) return ambiguousLength;
  const lengths = headerValues(headers, 'content-length');
  const codings = headerValues(headers, 'transfer-encoding');
  if (codings.length === 0) {
    return lengths[0] === undefined ? undefined : { kind: 'length', bytes: Number(lengths[0]) };
  }
  if (lengths.length > 0) return ambiguous('Content-Length beside Transfer-Encoding');
  if (httpVersion !== '1.1') return ambiguous('Transfer-Encoding before HTTP/1.1');
  // Byte for byte: lists, empty members and odd white space are read differently by other parsers.
  if (codings.length > 1 || codings[0]!.toLowerCase() !== 'chunked') {
    return ambiguous('a transfer coding other than chunked');
  }
  return chunked;
}

/** One length in plain digits, or none at all. */
function hasPlainLength(headers: HeaderList): boolean {
  const lengths = headerValues(headers, 'content-length');
  return lengths.length === 0 || (lengths.length === 1 && lengthPattern.test(lengths[0]!));
}

function ambiguous(reason: string): Framing {
  return { kind: 'ambiguous', reason };
}
