/**
 * A sticky proxy as people write it with http-proxy: keep-alive agent, backend by a hash of the key from
 * header or cookie. Arguments: the ports of the backends. Prints the port that it listens on.
 */
import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import httpProxy from 'http-proxy';

const targets = process.argv.slice(2).map((port) => `http://127.0.0.1:${port}`);
const proxy = httpProxy.createProxyServer({ agent: new Agent({ keepAlive: true }), xfwd: true });
const server = createServer((request, response) => {
  proxy.web(request, response, { target: targetOf(request) }, () => response.destroy());
});
server.on('upgrade', (request, socket, head) => {
  proxy.ws(request, socket, head, { target: targetOf(request) }, () => socket.destroy());
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
await once(server, 'listening');
console.log(`listening on ${(server.address() as AddressInfo).port}`);

function targetOf({ headers }: IncomingMessage): string {
  const cookie = /(?:^|; )ctstickiness=([^;]+)/.exec(headers.cookie ?? '')?.[1];
  const key = String(headers['ctstickiness'] ?? cookie ?? '');
  return targets[hash(key) % targets.length]!;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
