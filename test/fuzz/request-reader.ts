/**
 * A stream of requests, read strictly: what a front door may forward at most, and what the fuzzer's own
 * backends accept. Reading ends at the first fault, since nothing behind it has a meaning.
 */
import { readBody, readFraming, readHead } from './message-reader.ts';
import type { Framing, ReadHead } from './message-reader.ts';

export interface ReadRequest {
  readonly method: string;
  /** Path and query: an absolute form without its scheme and authority (RFC 9112 section 3.2.2). */
  readonly target: string;
  readonly head: ReadHead;
  readonly body: Buffer;
  /** Where its bytes begin and end. */
  readonly start: number;
  readonly end: number;
}

export type RequestReading =
  | { readonly kind: 'request'; readonly request: ReadRequest }
  | { readonly kind: 'nothing' }
  /** `opened` is the request whose body did not end, with the part of it that came. */
  | { readonly kind: 'unfinished' | 'fault'; readonly reason: string; readonly opened?: ReadRequest };

export interface StreamReading {
  readonly requests: readonly ReadRequest[];
  readonly tail: Exclude<RequestReading, { kind: 'request' }>;
}

/** Section 3 lets a recipient take more than one space, and all referees do. */
const requestLinePattern = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) +([\x21-\x7e]+) +(HTTP\/1\.[01])$/;

export function readRequests(bytes: Buffer): StreamReading {
  const requests: ReadRequest[] = [];
  for (;;) {
    const reading = readRequest(bytes, requests.at(-1)?.end ?? 0);
    if (reading.kind !== 'request') return { requests, tail: reading };
    requests.push(reading.request);
  }
}

export function readRequest(bytes: Buffer, from: number): RequestReading {
  let start = from;
  // Section 2.2 lets a recipient skip empty lines; what is skipped can be no request to anybody.
  while (bytes[start] === 0x0d || bytes[start] === 0x0a) start++;
  if (start >= bytes.length) return { kind: 'nothing' };
  const reading = readHead(bytes, start, requestLinePattern);
  if (reading.kind === 'unfinished') return { kind: 'unfinished', reason: 'head' };
  if (reading.kind === 'fault') return reading;
  const { head } = reading;
  const [method, target, version] = head.startLine;
  const framing: Framing = readFraming(head, version) ?? { kind: 'none' };
  if (framing.kind === 'fault') return framing;
  const body = readBody(bytes, head.end, framing, false);
  const request = { method, target: toOriginForm(target), head, start };
  if (body.kind === 'body')
    return { kind: 'request', request: { ...request, body: body.body, end: body.end } };
  const opened = { ...request, body: body.part, end: bytes.length };
  return { kind: body.kind, reason: body.kind === 'fault' ? body.reason : 'body', opened };
}

function toOriginForm(target: string): string {
  const rest = /^https?:\/\/[^/?#]*(.*)$/i.exec(target)?.[1];
  if (rest === undefined) return target;
  return rest.startsWith('/') ? rest : `/${rest}`;
}
