/**
 * One answer, read strictly: what a backend's bytes say, and what the client got. Informational answers in
 * front of it are passed over (RFC 9110 section 15.2).
 */
import { readBody, readFraming, readHead, valuesOf } from './message-reader.ts';
import type { Framing, ReadHead } from './message-reader.ts';

export interface ReadAnswer {
  readonly status: number;
  readonly head: ReadHead;
  readonly body: Buffer;
  readonly end: number;
}

export type AnswerReading =
  | { readonly kind: 'answer'; readonly answer: ReadAnswer }
  /** `opened` is the answer whose body did not end, with the part of it that came. */
  | { readonly kind: 'unfinished' | 'fault'; readonly reason: string; readonly opened?: ReadAnswer };

/** Statuses that there are (RFC 9110 section 15): the front door takes others for a broken answer, and so does this reader. */
const statusLinePattern = /^(HTTP\/1\.[01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;

/** Reads the answer to a request of `method`; `hasEnded`: the sender closed. */
export function readAnswer(bytes: Buffer, from: number, method: string, hasEnded: boolean): AnswerReading {
  let at = from;
  for (;;) {
    const reading = readHead(bytes, at, statusLinePattern);
    if (reading.kind === 'unfinished') return { kind: 'unfinished', reason: 'head' };
    if (reading.kind === 'fault') return reading;
    const { head } = reading;
    const status = Number(head.startLine[1]);
    if (status === 101) return { kind: 'fault', reason: 'an upgrade that nobody asked for' };
    if (status < 200) {
      at = head.end;
      continue;
    }
    const framing = frameAnswer(head, method, status);
    if (framing.kind === 'fault') return framing;
    const body = readBody(bytes, head.end, framing, hasEnded);
    if (body.kind === 'body')
      return { kind: 'answer', answer: { status, head, body: body.body, end: body.end } };
    const opened = { status, head, body: body.part, end: bytes.length };
    return { kind: body.kind, reason: body.kind === 'fault' ? body.reason : 'body', opened };
  }
}

function frameAnswer(head: ReadHead, method: string, status: number): Framing {
  const framing = readFraming(head, head.startLine[0]);
  if (framing?.kind === 'fault') return framing;
  const mayNotHaveBody = method === 'HEAD' || status === 204 || status === 304;
  if (status === 204 && valuesOf(head, 'transfer-encoding').length > 0)
    return { kind: 'fault', reason: 'chunked where no body may be' };
  return mayNotHaveBody ? { kind: 'none' } : (framing ?? { kind: 'until-close' });
}
