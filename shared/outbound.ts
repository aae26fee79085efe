/** The way out of the network for what leaves the pool: by itself, or through the HTTP proxy of `CT_PROXY`. */
import { Agent, EnvHttpProxyAgent } from 'undici';
import type { Dispatcher, buildConnector } from 'undici';

/** `proxy` is empty, or http://USER:PASSWORD@HOST:PORT; the hosts of NO_PROXY are reached without it. */
export function openOutbound(proxy: string, connect: buildConnector.BuildOptions = {}): Dispatcher {
  if (proxy === '') return new Agent({ connect });
  const noProxy = process.env['NO_PROXY'] ?? process.env['no_proxy'] ?? '';
  // Whom to trust behind the proxy is what it is without one.
  return new EnvHttpProxyAgent({
    httpProxy: proxy,
    httpsProxy: proxy,
    noProxy,
    connect,
    requestTls: connect,
  });
}
