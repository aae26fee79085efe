/** The wire of HTTP/2 alone, in this process: real TLS connections before edges that a test writes, and a clock of its own. */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { Settings } from '#shared/settings/schema.ts';
import { Http2Connection } from '../../proxy/http2/http2-connection.ts';
import type { Http2Door } from '../../proxy/http2/http2-connection.ts';
import { Authority } from './certificate.ts';
import { WireScene } from './wire-scene.ts';

export interface Http2Scene {
  readonly wire: WireScene;
  readonly port: number;
  readonly connections: ReadonlySet<Http2Connection>;
  /** Of which clients were blamed, in order; `unanswered` for a stream that ended before its answer. */
  readonly blamed: readonly string[];
  /** `ct_proxy_http2_floods_total`, by flood. */
  floods(): Promise<Record<string, number>>;
}

export async function openHttp2Scene(
  t: TestContext,
  edges: Readonly<Record<string, string>>,
  settings: Partial<Settings> = {},
  isSuspect = false,
): Promise<Http2Scene> {
  const wire = new WireScene(t, edges, settings);
  const connections = new Set<Http2Connection>();
  const blamed: string[] = [];
  const client = {
    client: { address: '203.0.113.5', isSecure: false },
    blame: (flood: string) => void blamed.push(flood),
    isSuspect,
    blameSuspect: () => void blamed.push('suspect'),
    noteUnanswered: () => void blamed.push('unanswered'),
  };
  const door: Http2Door = {
    settings: wire.settings,
    wheel: wire.wheel,
    ahead: wire.ahead,
    metrics: wire.metrics,
    upstreams: wire.upstreams,
    noteRefusal: (code) => wire.metrics.count('ct_proxy_rejected_total', { code }),
    conduct: async (exchange) => await wire.conduct(exchange),
    forget: (connection) => void connections.delete(connection),
  };
  const { certPath, keyPath } = new Authority(t).sign('DNS:localhost,IP:127.0.0.1');
  const files = { cert: readFileSync(certPath), key: readFileSync(keyPath) };
  const server = createServer({ ...files, ALPNProtocols: ['h2'], allowHalfOpen: true }, (socket) => {
    connections.add(new Http2Connection(socket, door, client));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const connection of connections) connection.destroy();
  });
  return {
    wire,
    connections,
    blamed,
    port: (server.address() as AddressInfo).port,
    floods: async () => {
      const text = await wire.metrics.render();
      const found = text.matchAll(/^ct_proxy_http2_floods_total\{flood="(.*?)"\} (\d+)/gm);
      return Object.fromEntries([...found].map(([, flood, count]) => [flood, Number(count)]));
    },
  };
}
