/** Forwarded: what RFC 7239 allows is read, what it does not is not guessed at. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readForwarded } from './forwarded-header.ts';

const read: readonly [string, (string | undefined)[]][] = [
  ['for=192.0.2.60;proto=http;by=203.0.113.43', ['192.0.2.60']],
  ['For="[2001:db8:cafe::17]:4711"', ['2001:db8:cafe::17']],
  ['for=192.0.2.43, for=198.51.100.17', ['192.0.2.43', '198.51.100.17']],
  ['for="192.0.2.43:47011"', ['192.0.2.43']],
  ['for="192.0.2.43:_port"', ['192.0.2.43']],
  ['for=unknown, for=_hidden, for=_SEVKISEK', [undefined, undefined, undefined]],
  ['proto=https', [undefined]],
  ['for="2001:db8::1"', [undefined]],
  ['for="[fe80::1%eth0]"', [undefined]],
  ['for="a, for=1.1.1.1"', [undefined]],
  ['host="a;b\\"c,";for=192.0.2.1', ['192.0.2.1']],
  ['  for=192.0.2.1 ; proto=https ,for=192.0.2.2', ['192.0.2.1', '192.0.2.2']],
  ['', []],
];

const broken = [
  'for=192.0.2.43:47011',
  'for=[2001:db8::1]',
  'for="192.0.2.1',
  'for=',
  'for',
  'for=a for=b',
  'for=192.0.2.1,',
  ',for=192.0.2.1',
  'for=192.0.2.1;;proto=http',
  'for=192.0.2.1;for=192.0.2.2',
  'for = 192.0.2.1',
  'for="\u0000"',
];

for (const [text, addresses] of read) {
  test(`read: ${text}`, () =>
    assert.deepEqual(
      readForwarded([text])?.map(({ address }) => address),
      addresses,
    ));
}

for (const text of broken) {
  test(`broken: ${JSON.stringify(text)}`, () => assert.equal(readForwarded([text]), undefined));
}

test('lines are one list, and the scheme is told in small letters', () => {
  const elements = readForwarded(['for=192.0.2.1;proto=HTTPS', 'for=192.0.2.2']);
  assert.deepEqual(elements, [
    { address: '192.0.2.1', proto: 'https' },
    { address: '192.0.2.2', proto: undefined },
  ]);
});

test('what a client puts into a quoted string never becomes an element of its own', () => {
  fc.assert(
    fc.property(fc.string(), (claim) => {
      const value = claim.replace(/\p{Cc}/gu, '').replace(/[\\"]/g, '\\$&');
      const elements = readForwarded([`for="${value}", for=192.0.2.7`]);
      assert.ok(elements === undefined || elements.length === 2);
      if (elements !== undefined) assert.equal(elements[1]!.address, '192.0.2.7');
    }),
  );
});
