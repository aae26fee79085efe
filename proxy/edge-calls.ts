/**
 * Requests of the front door's own to edges and static backends, outside of any exchange: moves, administration, checks. By
 * undici, over TCP, TLS or a Unix-domain socket.
 */
import { Agent, buildConnector, request } from 'undici';
import type { Dispatcher } from 'undici';
import { socketPathOf } from '#shared/socket-path.ts';
import { formatProxyHeader } from './proxied/format-proxy-header.ts';
import type { ProxyVersion } from './proxied/format-proxy-header.ts';
import { readProxied } from './proxied/proxied-address.ts';
import type { UpstreamTrust } from './upstream-trust.ts';

export type EdgeCall = Pick<Dispatcher.RequestOptions, 'headers' | 'body' | 'signal'> & {
  readonly method?: 'GET' | 'POST';
};

export class EdgeCalls {
  readonly #trust: UpstreamTrust;
  #agent: Agent | undefined;

  constructor(trust: UpstreamTrust) {
    this.#trust = trust;
  }

  async request(marked: string, target: string, call: EdgeCall): Promise<Dispatcher.ResponseData> {
    const { address, version } = readProxied(marked);
    const socketPath = socketPathOf(address);
    if (socketPath === undefined && version === undefined) {
      const dispatcher = (this.#agent ??= new Agent({ connect: this.#trust }));
      return await request(new URL(target, address), { ...call, dispatcher });
    }
    // One for each call: they are rare, and what lies at a path may be another process the next time.
    const dispatcher = new Agent({ connect: connectorOf(socketPath, version) });
    const origin = socketPath === undefined ? address : 'http://localhost';
    const answer = request(new URL(target, origin), { ...call, dispatcher });
    // Orderly: the call that has begun goes on to its end.
    void dispatcher.close();
    return await answer;
  }

  /** Ends every call. */
  async close(): Promise<void> {
    await this.#agent?.destroy();
  }
}

/** Where a header of the PROXY protocol is wanted, the call says that it speaks for nobody else. */
function connectorOf(
  socketPath: string | undefined,
  version: ProxyVersion | undefined,
): buildConnector.connector {
  const connect = buildConnector(socketPath === undefined ? {} : { socketPath });
  if (version === undefined) return connect;
  const header = formatProxyHeader(version, { address: undefined, isSecure: false });
  return (options, tell) =>
    connect(options, (...outcome) => {
      outcome[1]?.write(header);
      tell(...outcome);
    });
}
