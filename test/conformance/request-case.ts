/**
 * One case of the request table: bytes of a client, what it is answered, and what the edge sees of it. The expectation is a
 * list in the order of the requests: what the edge sees (`METHOD /target body`, answered 200), or the code of a refusal.
 */
import type { ErrorCode } from '#shared/errors.ts';

/** The last word of an expectation: no further request of this connection is served. */
export const closes = 'closes';

export interface RequestCase {
  readonly name: string;
  /** Where the expectation comes from: a section of an RFC, a CVE, an issue, or a suite whose scenario it is. */
  readonly source: string;
  readonly bytes: string;
  readonly expected: readonly string[];
  /** Of the first request that the edge sees: fields that it has (`name: value`), and names that it must not have. */
  readonly has?: readonly string[];
  readonly lacks?: readonly string[];
  /** The client says no more after these bytes, by ending its side: nothing probes the connection. */
  readonly halfCloses?: true;
}

export const host = 'Host: door.test\r\n';
/** A good start of a head, with a good key. */
export const good = `${host}ctstickiness: k\r\n`;

/** The name, where it comes from, what differs, and what must come of it. */
export type Row = readonly [name: string, source: string, text: string, expected: string | readonly string[]];

export function casesOf(rows: readonly Row[], bytesOf: (text: string) => string): RequestCase[] {
  return rows.map(([name, source, text, expected]) => ({
    name,
    source,
    bytes: bytesOf(text),
    expected: typeof expected === 'string' ? [expected] : expected,
  }));
}

/** Refused, and the connection with it. */
export function dead(code: ErrorCode): readonly string[] {
  return [code, closes];
}

export const malformed = dead('request-malformed');
export const ambiguous = dead('framing-ambiguous');

/** What stands behind a body that may be read as a request of its own. */
export const smuggled = `GET /smuggled HTTP/1.1\r\n${good}\r\n`;
