/** A request straight to an edge, past the front door, wherever it listens. */
import { json } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { request } from '#shared/node-http.ts';
import { parseOrigin } from '../../proxy/wire/origin.ts';

export async function askEdge(
  address: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: unknown }> {
  const { host, port, path: socketPath } = parseOrigin(address);
  const place = socketPath === undefined ? { host, port } : { socketPath };
  const asked = request({ ...place, path, headers, agent: false }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await json(response) };
}
