/**
 * An HTTP proxy that opens tunnels (CONNECT, RFC 9110 section 9.3.6) and passes plain requests on, for whoever shows its user
 * and password.
 */
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface ConnectProxy {
  readonly url: string;
  /** Where it led to, as HOST:PORT. */
  readonly tunnels: readonly string[];
  /** Those who did not show what they have to. */
  readonly refused: readonly string[];
}

export async function startConnectProxy(
  t: TestContext,
  login = 'ann:s3cret-of-the-proxy',
): Promise<ConnectProxy> {
  const tunnels: string[] = [];
  const refused: string[] = [];
  const expected = `Basic ${Buffer.from(login).toString('base64')}`;
  const server = createServer((asked, response) => {
    // Plain HTTP needs no tunnel: RFC 9112 section 3.2.2.
    const { host } = new URL(asked.url ?? '');
    if (asked.headers['proxy-authorization'] !== expected) {
      refused.push(host);
      return void response.writeHead(407, { 'proxy-authenticate': 'Basic' }).end();
    }
    tunnels.push(host);
    const headers = { ...asked.headers, host };
    const passed = request(asked.url!, { method: asked.method!, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    asked.pipe(passed);
  });
  server.on('connect', (asked, client) => {
    const place = asked.url ?? '';
    client.on('error', () => client.destroy());
    if (asked.headers['proxy-authorization'] !== expected) {
      refused.push(place);
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n');
      return;
    }
    tunnels.push(place);
    const { hostname, port } = new URL(`http://${place}`);
    const upstream = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => client.destroy());
    client.once('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://${login}@127.0.0.1:${port}`, tunnels, refused };
}
