/** The header of the PROXY protocol: every form of it is read however it arrives, and nothing else passes for one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from './crc32c.ts';
import { proxyHeaderMaxBytes, readProxyHeader } from './proxy-header.ts';
import { formatProxyHeader } from './format-proxy-header.ts';

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

function binary(command: number, family: number, ...parts: readonly (readonly number[] | Buffer)[]): Buffer {
  const rest = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const head = Buffer.from([0x20 | command, family, rest.length >> 8, rest.length & 0xff]);
  return Buffer.concat([signature, head, rest]);
}

function tlv(type: number, value: readonly number[]): number[] {
  return [type, value.length >> 8, value.length & 0xff, ...value];
}

const ipv4 = [203, 0, 113, 5, 127, 0, 0, 1, 0x12, 0x34, 0, 80];
const ipv6 = [
  ...Buffer.from('20010db8000000000000000000000005', 'hex'),
  ...Array<number>(15).fill(0),
  1,
  1,
  2,
  0,
  80,
];

function withChecksum(family: number, addresses: readonly number[], by = 0): Buffer {
  const header = binary(1, family, addresses, tlv(0x03, [0, 0, 0, 0]), tlv(0x04, [1, 2]));
  const at = 16 + addresses.length + 3;
  header.writeUInt32BE((crc32c(header) + by) >>> 0, at);
  return header;
}

const good: Readonly<Record<string, [Buffer | string, string | undefined, boolean?]>> = {
  'v1 over IPv4': ['PROXY TCP4 203.0.113.5 192.0.2.1 56324 443\r\n', '203.0.113.5'],
  'v1 over IPv6': ['PROXY TCP6 2001:DB8::5 ::1 56324 443\r\n', '2001:db8::5'],
  'v1 with an IPv4 address in its IPv6 form': ['PROXY TCP6 ::ffff:203.0.113.5 ::1 1 2\r\n', '203.0.113.5'],
  'v1 at its longest': [
    `PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`,
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  ],
  'v1 UNKNOWN': ['PROXY UNKNOWN\r\n', undefined],
  'v1 UNKNOWN with what is to be ignored': ['PROXY UNKNOWN ffff::1 what ever\r\n', undefined],
  'v2 over IPv4': [binary(1, 0x11, ipv4), '203.0.113.5'],
  'v2 over IPv6': [binary(1, 0x21, ipv6), '2001:db8::5'],
  'v2 over a Unix-domain socket': [binary(1, 0x31, Buffer.alloc(216)), undefined],
  'v2 of datagrams, which we do not know': [binary(1, 0x12, ipv4), undefined],
  'v2 without addresses': [binary(1, 0x00), undefined],
  'v2 LOCAL': [binary(0, 0x00), undefined],
  'v2 LOCAL with addresses, which are to be ignored': [binary(0, 0x11, ipv4), undefined],
  'v2 with TLVs': [binary(1, 0x11, ipv4, tlv(0x02, [65, 66]), tlv(0xee, [])), '203.0.113.5'],
  'v2 of a client that came over TLS': [
    binary(1, 0x11, ipv4, tlv(0x20, [1, 0, 0, 0, 0])),
    '203.0.113.5',
    true,
  ],
  'v2 with the TLV of TLS, of a client that came without': [
    binary(1, 0x11, ipv4, tlv(0x20, [0, 0, 0, 0, 1])),
    '203.0.113.5',
  ],
  'v2 with a right checksum': [withChecksum(0x11, ipv4), '203.0.113.5'],
  'v2 with a right checksum, over IPv6': [withChecksum(0x21, ipv6), '2001:db8::5'],
};

const bad: Readonly<Record<string, Buffer | string>> = {
  'a request': 'GET / HTTP/1.1\r\n',
  'a TLS handshake': Buffer.from([0x16, 3, 1, 2, 0, 1]),
  'v1 in lower case': 'proxy TCP4 203.0.113.5 192.0.2.1 1 2\r\n',
  'v1 of a family that is none': 'PROXY TCP5 203.0.113.5 192.0.2.1 1 2\r\n',
  'v1 of datagrams': 'PROXY UDP4 203.0.113.5 192.0.2.1 1 2\r\n',
  'v1 with an address of the other family': 'PROXY TCP4 ::1 192.0.2.1 1 2\r\n',
  'v1 with a name': 'PROXY TCP4 example.org 192.0.2.1 1 2\r\n',
  'v1 with a zone': 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
  'v1 with an octet above 255': 'PROXY TCP4 203.0.113.256 192.0.2.1 1 2\r\n',
  'v1 with a leading zero in an address': 'PROXY TCP4 203.0.113.05 192.0.2.1 1 2\r\n',
  'v1 with a port above 65535': 'PROXY TCP4 203.0.113.5 192.0.2.1 65536 2\r\n',
  'v1 with a leading zero in a port': 'PROXY TCP4 203.0.113.5 192.0.2.1 01 2\r\n',
  'v1 with a negative port': 'PROXY TCP4 203.0.113.5 192.0.2.1 -1 2\r\n',
  'v1 without a port': 'PROXY TCP4 203.0.113.5 192.0.2.1 1\r\n',
  'v1 with one field more': 'PROXY TCP4 203.0.113.5 192.0.2.1 1 2 3\r\n',
  'v1 with two spaces': 'PROXY TCP4  203.0.113.5 192.0.2.1 1 2\r\n',
  'v1 with a space at the end': 'PROXY TCP4 203.0.113.5 192.0.2.1 1 2 \r\n',
  'v1 with a tab': 'PROXY TCP4\t203.0.113.5 192.0.2.1 1 2\r\n',
  'v1 with LF alone': `PROXY TCP4 203.0.113.5 192.0.2.1 1 2\n${'x'.repeat(107)}`,
  'v1 without an end': `PROXY UNKNOWN ${'x'.repeat(107)}`,
  'v1 UNKNOWN that goes on without a space': 'PROXY UNKNOWNED\r\n',
  'v2 of another version': Buffer.concat([signature, Buffer.from([0x10, 0x11, 0, 0])]),
  'v2 of another command': binary(2, 0x11, ipv4),
  'v2 of a family that is none': binary(1, 0x41, ipv4),
  'v2 of a transport that is none': binary(1, 0x13, ipv4),
  'v2 with addresses cut short': binary(1, 0x11, ipv4.slice(0, 11)),
  'v2 with IPv6 addresses cut short': binary(1, 0x21, ipv4),
  'v2 with half a TLV head': binary(1, 0x11, ipv4, [0x02, 0]),
  'v2 with a TLV longer than the header': binary(1, 0x11, ipv4, [0x02, 0, 9, 1]),
  'v2 with a wrong checksum': withChecksum(0x11, ipv4, 1),
  'v2 with a short checksum': binary(1, 0x11, ipv4, tlv(0x03, [0, 0, 0])),
  'v2 with two checksums': binary(1, 0x11, ipv4, tlv(0x03, [0, 0, 0, 0]), tlv(0x03, [0, 0, 0, 0])),
  'v2 that is too long': Buffer.concat([signature, Buffer.from([0x21, 0x11, 0xff, 0xff])]),
};

for (const [name, [header, address, isSecure = false]] of Object.entries(good)) {
  test(`${name} is read, whatever its pieces, and up to its last byte`, () => {
    const bytes = Buffer.concat([Buffer.from(header), Buffer.from('GET / HTTP/1.1\r\n')]);
    const length = Buffer.from(header).length;
    for (let end = 0; end < length; end++) {
      assert.equal(readProxyHeader(bytes.subarray(0, end)).kind, 'incomplete', `after ${end} bytes`);
    }
    for (const end of [length, length + 1, bytes.length]) {
      const read = readProxyHeader(bytes.subarray(0, end));
      assert.deepEqual(read, { kind: 'read', length, client: { address, isSecure } });
    }
  });
}

for (const [name, header] of Object.entries(bad)) {
  test(`${name} is refused`, () => {
    assert.equal(readProxyHeader(Buffer.from(header)).kind, 'faulty');
  });
}

test('whatever comes, a decision is made within the bound, and more bytes do not change it', () => {
  const begins = fc.constantFrom(
    Buffer.alloc(0),
    signature,
    Buffer.from('PROXY '),
    Buffer.from('PROXY TCP4 1.2.3.4 '),
  );
  fc.assert(
    fc.property(begins, fc.uint8Array({ maxLength: 300 }), fc.nat(300), (begin, rest, cut) => {
      const bytes = Buffer.concat([begin, rest]);
      const early = readProxyHeader(bytes.subarray(0, cut));
      if (early.kind !== 'incomplete') assert.deepEqual(readProxyHeader(bytes), early);
      const full = readProxyHeader(Buffer.concat([bytes, Buffer.alloc(proxyHeaderMaxBytes)]));
      assert.notEqual(full.kind, 'incomplete');
      if (full.kind === 'read') assert.ok(full.length <= proxyHeaderMaxBytes);
    }),
  );
});

test('what is written for a backend is read as the same client', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(
      address,
      fc.constantFrom('v1' as const, 'v2' as const),
      fc.boolean(),
      (client, version, isSecure) => {
        const header = formatProxyHeader(version, { address: client, isSecure });
        const read = readProxyHeader(header);
        assert.ok(read.kind === 'read');
        assert.equal(read.length, header.length);
        const again = readProxyHeader(formatProxyHeader(version, { address: read.client.address, isSecure }));
        assert.deepEqual(again.kind === 'read' && again.client, read.client);
        if (!client.includes(':')) assert.equal(read.client.address, client);
        assert.equal(read.client.isSecure, isSecure && version === 'v2');
      },
    ),
  );
  for (const version of ['v1', 'v2'] as const) {
    const read = readProxyHeader(formatProxyHeader(version, { address: undefined, isSecure: false }));
    assert.deepEqual(read.kind === 'read' && read.client, { address: undefined, isSecure: false });
  }
});

test('the checksum is the one of RFC 3720', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
});
