/**
 * Scenarios in which HAProxy's and nginx's own suites try the PROXY protocol, as rows: what stands before the request, and who the backend is told the
 * client is, or how it is refused. Each row names the scenario that it comes from; how it is told and checked is ours.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { test } from 'node:test';
import { Authority } from '../support/certificate.ts';
import { openFrom } from '../support/client-address.ts';
import { startFrontDoor } from '../support/front-door.ts';
import { readAnswer } from '../support/http2-client.ts';
import { startStaticBackend, valuesOf } from '../support/static-backend.ts';

const proxy = '127.0.0.2';
const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const ipv4 = 'c0000201c0000202007b162e';
const ipv6 = '20010db800000000000000000000000120010db8000000000000000000000002007b162e';

/** `rest` and what stands behind the header are hexadecimal; the length is that of `rest` unless the row says otherwise. */
function binary(start: string, rest: string, behind = '', length = rest.length / 2): Buffer {
  const size = length.toString(16).padStart(4, '0');
  return Buffer.concat([signature, Buffer.from(start + size + rest + behind, 'hex')]);
}

type Row = readonly [scenario: string, header: Buffer, expected: string];

const rows: readonly Row[] = [
  ['nginx proxy_protocol, tcp4', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 123 5678\r\n'), '192.0.2.1'],
  [
    'nginx proxy_protocol, tcp6',
    Buffer.from('PROXY TCP6 2001:DB8::1 2001:DB8::2 123 5678\r\n'),
    '2001:db8::1',
  ],
  ['nginx proxy_protocol, unknown', Buffer.from('PROXY UNKNOWN\r\n'), proxy],
  ['nginx proxy_protocol, unknown with addresses', Buffer.from('PROXY UNKNOWN 1 2 3 4 5 6\r\n'), proxy],
  ['nginx proxy_protocol2, tcp4', binary('2111', ipv4), '192.0.2.1'],
  ['nginx proxy_protocol2, tcp6', binary('2121', ipv6), '2001:db8::1'],
  ['nginx proxy_protocol2, with TLVs', binary('2111', `${ipv4}0400020000`), '192.0.2.1'],
  ['nginx proxy_protocol2, local', binary('2000', ''), proxy],
  [
    'nginx proxy_protocol2, a family that there is not: refused, as the specification asks',
    binary('2144', ipv4),
    '400 proxy-header-invalid',
  ],
  [
    'nginx proxy_protocol2_tlv, ALPN, authority and a type of its own',
    binary('2111', `${ipv4}01000568747470 31 0200096c6f63616c686f7374e000053132333435`.replaceAll(' ', '')),
    '192.0.2.1',
  ],
  [
    'nginx proxy_protocol2_tlv, a namespace and an id',
    binary('2111', `${ipv4}3000054e45544e530500055549513031`),
    '192.0.2.1',
  ],
  ['nginx proxy_protocol_unix', binary('2131', '00'.repeat(216)), proxy],
  [
    'HAProxy proxy_protocol_tlv_validation, a good one',
    binary('2111', `${ipv4}0200053132333435`),
    '192.0.2.1',
  ],
  [
    'HAProxy proxy_protocol_tlv_validation, a TLV behind the header is the request',
    binary('2111', `${ipv4}0200053132333435`, '0200053534333231'),
    '400 request-malformed',
  ],
  [
    'HAProxy proxy_protocol_tlv_validation, a TLV that is longer than the header',
    binary('2111', `${ipv4}02000a3132333435`, '3132333435'),
    '400 proxy-header-invalid',
  ],
  [
    'HAProxy proxy_protocol_tlv_validation, a header that is longer than its TLVs',
    binary('2111', `${ipv4}02000431323334ff`),
    '400 proxy-header-invalid',
  ],
  [
    'HAProxy proxy_protocol_tlv_validation, a checksum that is wrong',
    binary('2111', `${ipv4}030004deadbeef`),
    '400 proxy-header-invalid',
  ],
  [
    'HAProxy proxy_protocol_send_generic, a TLV without a value',
    binary('2111', `${ipv4}e20000`),
    '192.0.2.1',
  ],
];

test('the PROXY protocol as the suites of HAProxy and nginx try it: plain, over TLS and before HTTP/2', async (t) => {
  const { certPath, keyPath } = new Authority(t).sign('DNS:localhost,IP:127.0.0.1');
  const backend = await startStaticBackend(t, 'a');
  const tls = { CT_TLS_CERT: certPath, CT_TLS_KEY: keyPath };
  const settings = { CT_PROXY_PROTOCOL_FROM: `${proxy}/32`, ...tls };
  const door = await startFrontDoor(t, { backends: [backend], settings });
  const seenAt = (path: string): string[] =>
    valuesOf(
      backend.requests.find(({ target }) => target === path)!,
      'x-forwarded-for',
    );
  for (const [at, [scenario, header, expected]] of rows.entries()) {
    await t.test(scenario, async (t) => {
      const connection = await openFrom(t, door.port, proxy);
      const request = `GET /${at} HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\n\r\n`;
      connection.send(Buffer.concat([header, Buffer.from(request)]));
      const { status, body } = await connection.answer();
      if (status === 200) assert.deepEqual(seenAt(`/${at}`), [expected]);
      else assert.equal(`${status} ${(JSON.parse(body) as { code: string }).code}`, expected);
    });
  }
  await t.test(
    'HAProxy proxy_protocol_random_fail: eight in a row over TLS, each its own client',
    async (t) => {
      for (let i = 1; i <= 8; i++) {
        const connection = await openFrom(t, door.httpsPort, proxy);
        connection.send(`PROXY TCP4 192.0.2.${i} 192.0.2.200 ${i} 443\r\n`);
        const secure = connectTls({ socket: connection.socket, rejectUnauthorized: false });
        secure.write(
          `GET /tls-${i} HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\nConnection: close\r\n\r\n`,
        );
        for await (const _bytes of secure);
        assert.deepEqual(seenAt(`/tls-${i}`), [`192.0.2.${i}`]);
      }
    },
  );
  await t.test('nginx h2_proxy_protocol: before HTTP/2, for each stream', async (t) => {
    const connection = await openFrom(t, door.httpsPort, proxy);
    connection.send(binary('2111', ipv4));
    const socket = connectTls({
      socket: connection.socket,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    });
    const session = connect('https://localhost', { createConnection: () => socket });
    t.after(() => session.destroy());
    for (const path of ['/h2-1', '/h2-2']) {
      const { status } = await readAnswer(session.request({ ':path': path, ctstickiness: 'k' }));
      assert.equal(status, 200);
      assert.deepEqual(seenAt(path), ['192.0.2.1']);
    }
  });
});
