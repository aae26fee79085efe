/**
 * Who is the client? The peer of the connection, unless that is a proxy we trust: then the right-most
 * address of X-Forwarded-For that is not a trusted proxy itself. What stands left of it is a claim of strangers.
 */
import { BlockList, isIP } from 'node:net';
import { headerValues } from './header-list.ts';
import type { HeaderList } from './header-list.ts';

export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  /** Addresses and CIDRs; throws on one that is neither. */
  constructor(items: readonly string[]) {
    this.#isEmpty = items.length === 0;
    for (const item of items) {
      const [address = '', prefix] = item.split('/', 2);
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  includes(address: string): boolean {
    // The look-up costs more than the rest of a small request's head.
    if (this.#isEmpty) return false;
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}

export interface ClientAddress {
  readonly address: string;
  readonly proto: 'http' | 'https';
  /** What X-Forwarded-For says to the upstream: the client first, trusted proxies after it. */
  readonly chain: readonly string[];
}

export function readClientAddress(
  peer: { readonly address: string; readonly secure: boolean },
  headers: HeaderList,
  trusted: TrustedProxies,
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
