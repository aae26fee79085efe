/** A case of the HTTP/2 frame table, and the frames that most of them are made of. */
import { flag, frame, frameType, headerBlock, requestFields } from '../support/http2-frames.ts';
import type { Field } from '../support/http2-frames.ts';

export interface FrameCase {
  readonly name: string;
  /** Where it is written: a section of RFC 9113, or another RFC with its section. */
  readonly section: string;
  /** What goes behind preface and SETTINGS; each part is a write of its own. */
  readonly sent: readonly Buffer[];
  /** `sent` begins with the preface itself. */
  readonly isBare?: true;
  /** Settings of the client. */
  readonly settings?: readonly (readonly [id: number, value: number])[];
  /**
   * `alive`: the connection goes on, and stream 1 has no answer. `answer STATUS` and `reset CODE`: stream 1 has, and the connection
   * goes on. `goaway CODE` and `closed`: the connection ends.
   */
  readonly expected: string;
  /** What node:http2 does in place of `expected`, where a section says otherwise: nobody but the client can be hurt by it. */
  readonly instead?: string;
  /** Of the request as the edge sees it; without it an answer of 200 comes from the edge, and nothing else reaches it. */
  readonly seen?: Readonly<Record<string, string>>;
  /** Fields that the edge does not get. */
  readonly unseen?: readonly string[];
  /** The request may have been at the edge when it was ended. */
  readonly mayReach?: true;
}

export const { endStream, endHeaders, padded, priority } = flag;
export const whole = endStream | endHeaders;

/** HEADERS with the fields of a GET of `/`. */
export function get(stream = 1, ...more: readonly Field[]): Buffer {
  return headers(whole, stream, requestFields('/', ...more));
}

/** HEADERS of a POST, whose body follows. */
export function post(stream = 1, ...more: readonly Field[]): Buffer {
  return headers(endHeaders, stream, postFields(...more));
}

export function postFields(...more: readonly Field[]): Field[] {
  return [[':method', 'POST'], ...requestFields('/', ...more).slice(1)];
}

export function headers(flags: number, stream: number, fields: readonly Field[]): Buffer {
  return frame(frameType.headers, flags, stream, headerBlock(fields));
}

export function data(flags: number, stream: number, text: string | Buffer = ''): Buffer {
  return frame(frameType.data, flags, stream, typeof text === 'string' ? Buffer.from(text) : text);
}

/** A GET whose fields are exactly these. */
export function exactly(...fields: readonly Field[]): Buffer {
  return headers(whole, 1, fields);
}

/** Requests that are the same but for one field in place of another; undefined takes it out. */
export function getWith(name: string, value: string | undefined): Buffer {
  const fields = requestFields('/').flatMap(([own, text]): Field[] => {
    if (own !== name) return [[own, text]];
    return value === undefined ? [] : [[name, value]];
  });
  return headers(whole, 1, fields);
}
