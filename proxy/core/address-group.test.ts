/** One client for limits: an IPv4 address, or a /64 of IPv6, however it is written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { groupOfAddress } from './address-group.ts';

test('an IPv4 address is its own group', () => {
  assert.equal(groupOfAddress('203.0.113.5'), '203.0.113.5');
  assert.equal(groupOfAddress(''), '');
});

test('all addresses of one /64 are one group, however they are written', () => {
  for (const address of [
    '2001:db8:0:1::5',
    '2001:0DB8:0000:0001:ffff:ffff:ffff:ffff',
    '2001:db8::1:0:0:0:1',
  ]) {
    assert.equal(groupOfAddress(address), '2001:db8:0:1::/64', address);
  }
  assert.equal(groupOfAddress('::1'), '0:0:0:0::/64');
  assert.equal(groupOfAddress('fe80::1%eth0'), 'fe80:0:0:0::/64');
  assert.equal(groupOfAddress('64:ff9b::192.0.2.33'), '64:ff9b:0:0::/64');
});

test('the group is the first 64 bits, and nothing else', () => {
  const word = fc.integer({ min: 0, max: 0xffff });
  fc.assert(
    fc.property(fc.array(word, { minLength: 8, maxLength: 8 }), word, (words, other) => {
      const write = (list: readonly number[]): string => list.map((one) => one.toString(16)).join(':');
      const near = [...words.slice(0, 4), other, ...words.slice(5)];
      const far = [words[0]!, words[1]!, words[2]!, words[3]! ^ 1, ...words.slice(4)];
      assert.equal(groupOfAddress(write(words)), groupOfAddress(write(near)));
      assert.notEqual(groupOfAddress(write(words)), groupOfAddress(write(far)));
    }),
  );
});
