/** JSON answers of the session API, with the cross-origin headers that editors in a browser need. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** To be called before any answer. Tokens travel in headers; the cookie is for clients that ask for it. */
export function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-credentials', 'true');
  response.setHeader('vary', 'Origin');
}

export function answerPreflight(response: ServerResponse): void {
  response.writeHead(204, {
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'content-type, x-oct-jwt, ctstickiness',
    'access-control-max-age': '600',
  });
  response.end();
}

export function answerJson(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
