/** Node's own HTTP server as a referee; it is its own backend. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from '#shared/node-http.ts';
import type { Referee } from './referee.ts';
import { Sightings } from './sightings.ts';

const headMaxBytes = 131_072;

export async function startNodeReferee(): Promise<Referee> {
  const sightings = new Sightings();
  // Requests that come in one read are handed out at once: they are noted in the order in which they came.
  const turns = new WeakMap<Socket, Promise<void>>();
  const server = createServer({ maxHeaderSize: headMaxBytes, requestTimeout: 0 }, (request, response) => {
    const before = turns.get(request.socket) ?? Promise.resolve();
    turns.set(
      request.socket,
      before.then(async () => await record(sightings, request, response)),
    );
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { name: 'node', port, sightings, stop };
}

async function record(
  sightings: Sightings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch {
    // The body broke off: the request never came to its end, and is none that this referee has seen.
    return;
  }
  const sighting = {
    method: request.method ?? '',
    target: request.url ?? '',
    keys: rawValues(request, 'ctstickiness'),
    body: Buffer.concat(chunks),
    bytes: Buffer.alloc(0),
    closes: false,
    isServed: true,
    isWhole: true,
  };
  sightings.note(rawValues(request, 'x-forwarded-for'), sighting);
  response.end();
}

function rawValues({ rawHeaders }: IncomingMessage, name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === name);
}
