/** Who the client is: the peer, or what a trusted proxy says of it; strangers' claims never count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readClientAddress } from './client-address.ts';
import type { ClientAddress } from './client-address.ts';
import { NetworkList } from '#shared/network-list.ts';

const trusted = new NetworkList(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32']);

function read(peer: string, forwardedFor: readonly string[], more: readonly string[] = []): ClientAddress {
  const headers = [...forwardedFor.flatMap((value) => ['X-Forwarded-For', value]), ...more];
  return readClientAddress({ address: peer, secure: false }, headers, trusted);
}

test('a peer that is not trusted is the client, whatever it claims', () => {
  const client = read('203.0.113.5', ['1.1.1.1'], ['x-forwarded-proto', 'https']);
  assert.deepEqual(client, { address: '203.0.113.5', proto: 'http', chain: ['203.0.113.5'] });
});

test('behind a trusted proxy the client is the right-most address that is no trusted proxy', () => {
  const client = read('10.0.0.1', ['1.1.1.1, 203.0.113.5, 10.0.0.2']);
  assert.equal(client.address, '203.0.113.5');
  assert.deepEqual(client.chain, ['203.0.113.5', '10.0.0.2', '10.0.0.1']);
});

test('lines of X-Forwarded-For are one list', () => {
  assert.equal(read('10.0.0.1', ['1.1.1.1', '203.0.113.5']).address, '203.0.113.5');
});

test('a chain of trusted proxies alone starts at its left end', () => {
  assert.deepEqual(read('10.0.0.1', ['10.0.0.3, 10.0.0.2']).chain, ['10.0.0.3', '10.0.0.2', '10.0.0.1']);
});

test('a trusted proxy that says nothing is the client', () => {
  assert.deepEqual(read('10.0.0.1', []), { address: '10.0.0.1', proto: 'http', chain: ['10.0.0.1'] });
});

test('what stands left of an entry that is no address is a claim of strangers', () => {
  for (const entry of ['unknown', '', '_hidden', '203.0.113.5:4711', 'evil"\r\n']) {
    assert.equal(read('10.0.0.1', [`1.1.1.1, ${entry}`]).address, '10.0.0.1', entry);
    assert.equal(read('10.0.0.1', [`1.1.1.1, ${entry}, 203.0.113.5`]).address, '203.0.113.5', entry);
  }
});

test('IPv6 proxies are trusted by prefix, and IPv4 ones in their IPv6 form', () => {
  assert.equal(read('2001:db8::9', ['203.0.113.5']).address, '203.0.113.5');
  assert.equal(read('2001:db9::9', ['203.0.113.5']).address, '2001:db9::9');
  assert.ok(trusted.includes('::ffff:10.0.0.1'));
});

test('what is no address is never trusted', () => {
  for (const text of ['', 'localhost', '10.0.0.1/8', '10.0.0']) assert.ok(!trusted.includes(text), text);
});

test('the scheme is the trusted proxy’s word, as long as it is one of two', () => {
  assert.equal(read('10.0.0.1', [], ['X-Forwarded-Proto', ' HTTPS ']).proto, 'https');
  assert.equal(read('10.0.0.1', [], ['x-forwarded-proto', 'gopher']).proto, 'http');
  const twice = ['x-forwarded-proto', 'http', 'x-forwarded-proto', 'https'];
  assert.equal(read('10.0.0.1', [], twice).proto, 'https');
});

test('where trusted proxies write Forwarded, that counts, and X-Forwarded-* does not', () => {
  const peer = { address: '10.0.0.1', secure: false };
  const headers = [
    'Forwarded',
    'for=1.1.1.1, for="203.0.113.5:4711";proto=http, for=10.0.0.2;proto=https',
    'X-Forwarded-For',
    '198.51.100.1',
    'X-Forwarded-Proto',
    'http',
  ];
  const client = readClientAddress(peer, headers, trusted, 'forwarded');
  assert.deepEqual(client, {
    address: '203.0.113.5',
    proto: 'https',
    chain: ['203.0.113.5', '10.0.0.2', '10.0.0.1'],
  });
  const other = readClientAddress(peer, headers, trusted, 'x-forwarded-for');
  assert.deepEqual([other.address, other.proto], ['198.51.100.1', 'http']);
});

test('of a Forwarded that is broken, or hidden, nothing counts', () => {
  const peer = { address: '10.0.0.1', secure: false };
  for (const value of ['for="1.1.1.1', 'for=1.1.1.1, for=unknown', 'for=1.1.1.1:80']) {
    assert.equal(
      readClientAddress(peer, ['forwarded', value], trusted, 'forwarded').address,
      '10.0.0.1',
      value,
    );
  }
  const stranger = { address: '203.0.113.9', secure: false };
  assert.equal(
    readClientAddress(stranger, ['forwarded', 'for=1.1.1.1'], trusted, 'forwarded').address,
    '203.0.113.9',
  );
});

test('a list with what is neither address nor CIDR is refused', () => {
  for (const item of ['example.org', '10.0.0.1/33', '10.0.0', '::1/129']) {
    assert.throws(() => new NetworkList([item]), Error, item);
  }
});

test('no claim moves the client of a peer that is not trusted, and the chain ends with the peer', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())), fc.ipV4(), (claims, peer) => {
      const client = read(peer, [claims.join(',')]);
      assert.equal(client.chain.at(-1), peer);
      assert.equal(client.chain[0], client.address);
      if (!trusted.includes(peer)) assert.equal(client.address, peer);
    }),
  );
});
