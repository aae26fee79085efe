/** Heads as text: first lines and fields, and the fields that the wire itself owes each message. */
import { STATUS_CODES } from '#shared/node-http.ts';
import type { HeaderList } from '../core/header-list.ts';
import { isPiecewise, lengthOf } from './answer-body.ts';
import type { AnswerBody } from './answer-body.ts';

export function formatFields(fields: HeaderList): string {
  let lines = '';
  for (let i = 0; i < fields.length; i += 2) lines += `${fields[i]!}: ${fields[i + 1]!}\r\n`;
  return lines;
}

/** What makes a head ask for an upgrade, or agree to it. */
export function upgradeLines(protocol: string): string {
  return `connection: Upgrade\r\nupgrade: ${protocol}\r\n`;
}

export function statusLine(status: number, reason = STATUS_CODES[status] ?? ''): string {
  return `HTTP/1.1 ${status} ${reason}\r\n`;
}

/** An answer of our own; pieces of unknown length are chunks, and no body is one that ends with the connection. */
export function formatAnswer(
  status: number,
  headers: Readonly<Record<string, string>>,
  connection: string,
  body: AnswerBody | undefined,
): string {
  const fields = Object.entries(headers).filter(([name]) => name !== 'connection');
  const bytes = body === undefined ? undefined : lengthOf(status, body);
  const chunked = body !== undefined && isPiecewise(body) ? 'transfer-encoding: chunked\r\n' : '';
  const length = bytes === undefined ? chunked : `content-length: ${bytes}\r\n`;
  return `${statusLine(status)}${formatFields(fields.flat())}${length}${dateLine()}${connection}\r\n`;
}

let dateSecond = 0;
let dateText = '';

/** The field `Date`, which a recipient with a clock adds where the edge did not (RFC 9110 section 6.6.1). */
export function dateLine(): string {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = `date: ${new Date(second * 1_000).toUTCString()}\r\n`;
  }
  return dateText;
}

/** What the client has to know of its connection: it ends, or an HTTP/1.0 client asked to keep it. */
export function connectionLine(httpVersion: string, persists: boolean): string {
  if (!persists) return 'connection: close\r\n';
  return httpVersion === '1.0' ? 'connection: keep-alive\r\n' : '';
}
