/**
 * Which region a client belongs to: CIDRs, given per region, of which the longest that holds the address wins. The default
 * region is nobody's preference, and what no CIDR holds belongs to it.
 */
import { isIP } from 'node:net';

export const defaultRegion = 'default';

/** Region names with their CIDRs, as an administrator gives them. */
export type RegionTable = Readonly<Record<string, readonly string[]>>;

const regionsMax = 100;
const cidrsMax = 1_000;
export const regionPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** What is wrong with a table, one sentence for each fault; empty where nothing is. */
export function regionFaults(table: RegionTable): string[] {
  const names = Object.keys(table);
  const faults = names.flatMap((name) => nameFaults(name));
  if (names.length > regionsMax) faults.push(`there are more than ${regionsMax} regions`);
  const cidrs = Object.values(table).flat();
  if (cidrs.length > cidrsMax) faults.push(`there are more than ${cidrsMax} CIDRs`);
  const owners = new Map<string, string>();
  for (const [name, list] of Object.entries(table)) {
    for (const cidr of list) {
      const fault = cidrFault(cidr);
      if (fault !== undefined) faults.push(`${name}: ${fault}`);
      else faults.push(...ownerFaults(owners, name, cidr));
    }
  }
  return faults;
}

export class Regions {
  readonly table: RegionTable;
  /** By family and length of the prefix, the longest first; looked up by the bits of a network. */
  readonly #byPrefix = new Map<string, Map<bigint, string>>();
  readonly #prefixes: { readonly 4: number[]; readonly 6: number[] } = { 4: [], 6: [] };

  /** The table must be without faults. */
  constructor(table: RegionTable) {
    this.table = table;
    for (const [region, cidrs] of Object.entries(table)) {
      for (const cidr of cidrs) this.#add(region, cidr);
    }
    for (const family of [4, 6] as const) this.#prefixes[family].sort((a, b) => b - a);
  }

  /** Of a client's address, which is IPv4 or IPv6 in any form. */
  of(address: string): string {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
    const family = isIP(plain) as 0 | 4 | 6;
    if (family === 0 || this.#prefixes[family].length === 0) return defaultRegion;
    const bits = toBits(plain, family);
    for (const prefix of this.#prefixes[family]) {
      const region = this.#byPrefix.get(`${family}/${prefix}`)!.get(network(bits, family, prefix));
      if (region !== undefined) return region;
    }
    return defaultRegion;
  }

  #add(region: string, cidr: string): void {
    const [address, length] = cidr.split('/') as [string, string];
    const family = isIP(address) as 4 | 6;
    const prefix = Number(length);
    const name = `${family}/${prefix}`;
    if (!this.#byPrefix.has(name)) {
      this.#byPrefix.set(name, new Map());
      this.#prefixes[family].push(prefix);
    }
    this.#byPrefix.get(name)!.set(network(toBits(address, family), family, prefix), region);
  }
}

function nameFaults(name: string): string[] {
  if (name === defaultRegion) return [`${name}: the default region takes no CIDRs`];
  return regionPattern.test(name) ? [] : [`"${name}" is not 1 to 64 characters of A-Z a-z 0-9 . _ and -`];
}

function ownerFaults(owners: Map<string, string>, name: string, cidr: string): string[] {
  const [address, length] = cidr.split('/') as [string, string];
  const family = isIP(address) as 4 | 6;
  const id = `${family} ${network(toBits(address, family), family, Number(length))}/${length}`;
  const owner = owners.get(id);
  owners.set(id, name);
  if (owner === undefined) return [];
  return [owner === name ? `${name}: ${cidr} stands twice` : `${name}: ${cidr} is of ${owner} already`];
}

function cidrFault(cidr: string): string | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(cidr);
  const family = match === null ? 0 : isIP(match[1]!);
  if (match === null || family === 0)
    return `"${cidr}" is not ADDRESS/LENGTH, as 10.1.0.0/16 or 2001:db8::/32`;
  const width = family === 4 ? 32 : 128;
  const length = Number(match[2]);
  if (length > width) return `"${cidr}" has a length above ${width}`;
  const bits = toBits(match[1]!, family as 4 | 6);
  const base = network(bits, family as 4 | 6, length);
  return base << BigInt(width - length) === bits ? undefined : `"${cidr}" has bits set beyond its length`;
}

function network(bits: bigint, family: 4 | 6, prefix: number): bigint {
  return bits >> BigInt((family === 4 ? 32 : 128) - prefix);
}

function toBits(address: string, family: 4 | 6): bigint {
  if (family === 4) return address.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
  return groupsOf(address).reduce((bits, group) => (bits << 16n) | BigInt(group), 0n);
}

/** The eight groups of an IPv6 address, whose last two may be written as IPv4 (RFC 4291 section 2.2). */
function groupsOf(address: string): number[] {
  const [head = '', tail] = address.split('::', 2);
  const before = parseGroups(head);
  if (tail === undefined) return before;
  const after = parseGroups(tail);
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}

function parseGroups(text: string): number[] {
  return text.split(':').flatMap((group) => {
    if (group === '') return [];
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a, b, c, d] = group.split('.').map(Number) as [number, number, number, number];
    return [a * 256 + b, c * 256 + d];
  });
}
