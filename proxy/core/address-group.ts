/**
 * Who counts as one client for limits: an IPv4 address, or the /64 of an IPv6 address, for whoever has one of those has
 * 2^64 addresses.
 */

/** A name of the group, equal for all addresses of it. The address is one that the system or a checked header gave. */
export function groupOfAddress(address: string): string {
  if (!address.includes(':')) return address;
  const plain = address.replace(/%.*$/, '').toLowerCase();
  const [left = '', right] = plain.split('::', 2);
  const head = groups(left);
  if (right === undefined) return prefixOf(head);
  const zeros = Math.max(0, 8 - head.length - groups(right).length);
  return prefixOf([...head, ...Array<string>(zeros).fill('0'), ...groups(right)]);
}

/** The groups of a half; dotted quads at its end stand for two. */
function groups(half: string): string[] {
  if (half === '') return [];
  return half
    .split(':')
    .flatMap((group) => (group.includes('.') ? ['0', '0'] : [group.replace(/^0+(?=.)/, '')]));
}

function prefixOf(all: readonly string[]): string {
  return `${all.slice(0, 4).join(':')}::/64`;
}
