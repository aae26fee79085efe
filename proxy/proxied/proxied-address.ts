/**
 * A static backend that wants a header of the PROXY protocol says so in its address, `http://host:port#proxy=v2`: pins bear it, so
 * every front door knows.
 */
import type { ProxyVersion } from './format-proxy-header.ts';

const mark = '#proxy=';

export function markProxied(address: string, version: ProxyVersion | undefined): string {
  return version === undefined ? address : `${address}${mark}${version}`;
}

/** The address itself, and the version of the header; undefined where none is wanted. */
export function readProxied(address: string): {
  readonly address: string;
  readonly version: ProxyVersion | undefined;
} {
  const at = address.lastIndexOf(mark);
  const version = at === -1 ? undefined : address.slice(at + mark.length);
  if (version !== 'v1' && version !== 'v2') return { address, version: undefined };
  return { address: address.slice(0, at), version };
}
