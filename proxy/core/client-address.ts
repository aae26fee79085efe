/**
 * Who is the client? The peer of the connection, unless that is a proxy we trust: then the right-most
 * address of X-Forwarded-For that is not a trusted proxy itself. What stands left of it is a claim of strangers.
 */
import { isIP } from 'node:net';
import { headerValues } from './header-list.ts';
import type { HeaderList } from './header-list.ts';
import type { Networks } from './network-list.ts';

export interface ClientAddress {
  readonly address: string;
  readonly proto: 'http' | 'https';
  /** What X-Forwarded-For says to the upstream: the client first, trusted proxies after it. */
  readonly chain: readonly string[];
}

export function readClientAddress(
  peer: { readonly address: string; readonly secure: boolean },
  headers: HeaderList,
  trusted: Networks,
): ClientAddress {
  const own = { address: peer.address, proto: peer.secure ? 'https' : 'http' } as const;
  if (!trusted.includes(peer.address)) return { ...own, chain: [peer.address] };
  const claimed = headerValues(headers, 'x-forwarded-for')
    .flatMap((value) => value.split(','))
    .map((text) => text.trim());
  // An entry that is no address ("unknown") hides who wrote what stands left of it: only the rest counts.
  const hops = [...claimed.slice(claimed.findLastIndex((text) => isIP(text) === 0) + 1), peer.address];
  let start = hops.length - 1;
  while (start > 0 && trusted.includes(hops[start]!)) start--;
  const proto = headerValues(headers, 'x-forwarded-proto').at(-1)?.trim().toLowerCase();
  return {
    address: hops[start]!,
    proto: proto === 'https' || proto === 'http' ? proto : own.proto,
    chain: hops.slice(start),
  };
}

/** IPv4 clients of a dual-stack socket appear as ::ffff:a.b.c.d. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}
