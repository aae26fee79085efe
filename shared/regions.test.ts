/** Clients and their regions: the longest CIDR wins, in both families, and a table with a fault is refused in words. */
import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Regions, regionFaults } from './regions.ts';

const regions = new Regions({
  north: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7/32'],
  south: ['10.1.0.0/16', '2001:db8:1::/48'],
  east: ['10.1.2.0/24', '::ffff:0:0/96', '2001:db8:1::1/128'],
});

for (const [address, region] of [
  ['10.9.9.9', 'north'],
  ['10.1.9.9', 'south'],
  ['10.1.2.255', 'east'],
  ['10.1.3.0', 'south'],
  ['11.0.0.0', 'default'],
  ['192.0.2.7', 'north'],
  ['192.0.2.6', 'default'],
  ['::ffff:10.1.9.9', 'south'],
  ['2001:db8::1', 'north'],
  ['2001:DB8:1:0:0:0:0:2', 'south'],
  ['2001:db8:1::1', 'east'],
  ['2001:db8:1::0.0.0.1', 'east'],
  ['2001:db9::', 'default'],
  ['fe80::1%eth0', 'default'],
  ['not an address', 'default'],
  ['', 'default'],
] as const) {
  void test(`a client at ${address || 'no address'} is of ${region}`, () =>
    assert.equal(regions.of(address), region));
}

test('one CIDR holds exactly the addresses that Node’s own list of them does', () => {
  const cases = fc.tuple(fc.ipV6(), fc.ipV6(), fc.integer({ min: 0, max: 128 }));
  fc.assert(
    fc.property(cases, ([base, address, length]) => {
      const list = new BlockList();
      list.addSubnet(base, length, 'ipv6');
      const own = new Regions({ here: [`${base}/${length}`] }).of(address) === 'here';
      if (!address.includes('.')) assert.equal(own, list.check(address, 'ipv6'));
    }),
  );
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (base, address, length) => {
      const list = new BlockList();
      list.addSubnet(base, length, 'ipv4');
      const own = new Regions({ here: [`${base}/${length}`] }).of(address) === 'here';
      assert.equal(own, list.check(address, 'ipv4'));
    }),
  );
});

for (const [what, table, fault] of [
  [
    'no CIDR',
    { north: ['10.0.0.1'] },
    'north: "10.0.0.1" is not ADDRESS/LENGTH, as 10.1.0.0/16 or 2001:db8::/32',
  ],
  [
    'no address',
    { north: ['300.0.0.0/8'] },
    'north: "300.0.0.0/8" is not ADDRESS/LENGTH, as 10.1.0.0/16 or 2001:db8::/32',
  ],
  ['too long', { north: ['10.0.0.0/33'] }, 'north: "10.0.0.0/33" has a length above 32'],
  ['host bits', { north: ['10.0.0.1/8'] }, 'north: "10.0.0.1/8" has bits set beyond its length'],
  [
    'host bits of IPv6',
    { north: ['2001:db8::1/64'] },
    'north: "2001:db8::1/64" has bits set beyond its length',
  ],
  ['two regions', { north: ['10.0.0.0/8'], south: ['10.0.0.0/8'] }, 'south: 10.0.0.0/8 is of north already'],
  ['twice', { north: ['2001:db8::/32', '2001:0db8::/32'] }, 'north: 2001:0db8::/32 stands twice'],
  ['a name', { 'no rth': [] }, '"no rth" is not 1 to 64 characters of A-Z a-z 0-9 . _ and -'],
  ['the default', { default: ['10.0.0.0/8'] }, 'default: the default region takes no CIDRs'],
] as const) {
  void test(`a table is refused for ${what}`, () => assert.deepEqual(regionFaults(table), [fault]));
}

test('a table without faults is taken, with an empty region too', () => {
  assert.deepEqual(regionFaults({ north: ['0.0.0.0/0', '::/0', '10.0.0.0/8'], south: [] }), []);
});
