/** How an edge says no, in HTTP, to a request or to an upgrade whose socket is still speaking HTTP. */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { STATUS_CODES } from '#shared/node-http.ts';
import { errorBody, errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { internalHeaders } from '#shared/internal-headers.ts';

const retryAfterSeconds = '1';

/** Answers with the code's status and body; on 421 the refusal header tells the front door to place anew. */
export function refuseRequest(
  response: ServerResponse,
  code: ErrorCode,
  exchangeId: string,
  params: readonly string[] = [],
): void {
  if (response.headersSent) return;
  response.writeHead(errorTable[code].status, refusalHeaders(code));
  response.end(errorBody(code, exchangeId, params));
}

/** Writes the same answer to the raw socket and ends it. */
export function refuseUpgrade(socket: Duplex, code: ErrorCode, exchangeId: string): void {
  const { status } = errorTable[code];
  const body = errorBody(code, exchangeId);
  const headers = {
    ...refusalHeaders(code),
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}

function refusalHeaders(code: ErrorCode): Record<string, string> {
  const { status, retry } = errorTable[code];
  return {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(status === 421 ? { [internalHeaders.refusal]: code } : {}),
    ...(retry === 'never' ? {} : { 'retry-after': retryAfterSeconds }),
  };
}
