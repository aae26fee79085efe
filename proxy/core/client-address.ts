/**
 * Who is the client? The peer of the connection, unless that is a proxy we trust: then the right-most
 * address of its header that is not a trusted proxy itself. What stands left of it is a claim of strangers.
 */
import { isIP } from 'node:net';
import { readForwarded } from './forwarded-header.ts';
import { headerValues } from './header-list.ts';
import type { HeaderList } from './header-list.ts';
import type { Networks } from '#shared/network-list.ts';

export interface ClientAddress {
  readonly address: string;
  readonly proto: 'http' | 'https';
  /** What X-Forwarded-For says to the upstream: the client first, trusted proxies after it. */
  readonly chain: readonly string[];
}

/** Where trusted proxies write who came to them. Only one counts: a proxy that writes one of them passes claims in the other on. */
export type TrustedHeader = 'x-forwarded-for' | 'forwarded';

export function readClientAddress(
  peer: { readonly address: string; readonly secure: boolean },
  headers: HeaderList,
  trusted: Networks,
  header: TrustedHeader = 'x-forwarded-for',
): ClientAddress {
  const own = { address: peer.address, proto: peer.secure ? 'https' : 'http' } as const;
  if (!trusted.includes(peer.address)) return { ...own, chain: [peer.address] };
  const { addresses, proto } = header === 'forwarded' ? readByRfc7239(headers) : readByCustom(headers);
  // An entry that is no address ("unknown") hides who wrote what stands left of it: only the rest counts.
  const hops = [
    ...(addresses.slice(addresses.lastIndexOf(undefined) + 1) as readonly string[]),
    peer.address,
  ];
  let start = hops.length - 1;
  while (start > 0 && trusted.includes(hops[start]!)) start--;
  return {
    address: hops[start]!,
    proto: proto === 'https' || proto === 'http' ? proto : own.proto,
    chain: hops.slice(start),
  };
}

const relayFields = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** The peer is no proxy that we trust, and says that it speaks for somebody else: its address is not of who asks. */
export function isRelayed(peer: string, headers: HeaderList, trusted: Networks): boolean {
  return !trusted.includes(peer) && relayFields.some((name) => headerValues(headers, name).length > 0);
}

/** Undefined for what is no address. */
interface Claims {
  readonly addresses: readonly (string | undefined)[];
  /** Of the proxy next to us. */
  readonly proto: string | undefined;
}

function readByCustom(headers: HeaderList): Claims {
  const claimed = headerValues(headers, 'x-forwarded-for')
    .flatMap((value) => value.split(','))
    .map((text) => text.trim());
  const proto = headerValues(headers, 'x-forwarded-proto').at(-1)?.trim().toLowerCase();
  return { addresses: claimed.map((text) => (isIP(text) === 0 ? undefined : text)), proto };
}

function readByRfc7239(headers: HeaderList): Claims {
  const elements = readForwarded(headerValues(headers, 'forwarded')) ?? [];
  return { addresses: elements.map(({ address }) => address), proto: elements.at(-1)?.proto };
}

/** IPv4 clients of a dual-stack socket appear as ::ffff:a.b.c.d. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}
