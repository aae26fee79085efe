/** Where an edge listens, read once from its address. */
import { socketPathFault, socketPathOf } from '#shared/socket-path.ts';
import type { ProxyVersion } from '../proxied/format-proxy-header.ts';
import { readProxied } from '../proxied/proxied-address.ts';

export interface Origin {
  readonly host: string;
  readonly port: number;
  /** Of a Unix-domain socket, which then stands for host and port. */
  readonly path: string | undefined;
  readonly secure: boolean;
  /** Each connection begins with a header of the PROXY protocol, and serves one client. */
  readonly proxyVersion: ProxyVersion | undefined;
  /** As it stands in `Host`. */
  readonly authority: string;
}

/** Reads `http://host:port`, `https://host:port` or `unix:/path`, each with `#proxy=v1` or `v2` behind it or without; throws on anything else. */
export function parseOrigin(marked: string): Origin {
  const { address, version: proxyVersion } = readProxied(marked);
  const path = socketPathOf(address);
  if (path !== undefined) return { ...atPath(path), proxyVersion };
  const url = new URL(address);
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:') throw new Error(`no address of an edge: ${url.protocol}`);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    path: undefined,
    secure,
    proxyVersion,
    authority: url.host,
  };
}

function atPath(path: string): Omit<Origin, 'proxyVersion'> {
  const fault = socketPathFault(path);
  if (fault !== undefined) throw new Error(`no address of an edge: ${fault}`);
  return { host: '', port: 0, path, secure: false, authority: 'localhost' };
}
