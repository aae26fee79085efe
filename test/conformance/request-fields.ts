/** Fields: their grammar, those that end at the front door, those that nobody but it may write, and what passes untouched. */
import { casesOf, closes, dead, good, host, malformed } from './request-case.ts';
import type { RequestCase, Row } from './request-case.ts';

const seen = 'GET /x';
const refused = 'header-refused';

const grammar: readonly Row[] = [
  ['a field', 'RFC 9112 5', 'X-A: 1', seen],
  ['a field without a value', 'RFC 9112 5', 'X-A:', seen],
  ['a value of a tab', 'RFC 9112 5', 'X-A: \t', seen],
  ['a value with a tab inside', 'RFC 9110 5.5', 'X-A: 1\t2', seen],
  ['a value of raw bytes', 'RFC 9110 5.5', 'X-A: \x80\xff', seen],
  ['a value of a colon', 'RFC 9112 5', 'X-A: :', seen],
  ['every character that a name may have', 'RFC 9110 5.6.2', "!#$%&'*+-.^`|~09azAZ: 1", seen],
  ['a name with an underscore that means nothing here', 'nginx http_headers_multi', 'my_header: 1', seen],
  ['an empty name', 'RFC 9112 5', ': 1', malformed],
  ['a line without a colon', 'RFC 9112 5', 'X-A', malformed],
  ['a line of a space', 'RFC 9112 5', ' ', malformed],
  ['a space before the colon', 'RFC 9112 5.1', 'X-A : 1', malformed],
  ['a tab before the colon', 'RFC 9112 5.1', 'X-A\t: 1', malformed],
  ['a space before the name', 'RFC 9112 2.2', ' X-A: 1', malformed],
  ['a space inside the name', 'RFC 9112 5.1', 'X A: 1', malformed],
  ['a folded line', 'RFC 9112 5.2', 'X-A: 1\r\n 2', malformed],
  ['a line folded by a tab', 'RFC 9112 5.2', 'X-A: 1\r\n\t2', malformed],
  ['brackets in the name', 'RFC 9110 5.6.2', 'X(A): 1', malformed],
  ['a slash in the name', 'RFC 9110 5.6.2', 'X/A: 1', malformed],
  ['an at sign in the name', 'RFC 9110 5.6.2', 'X@A: 1', malformed],
  ['a quote in the name', 'RFC 9110 5.6.2', '"X-A": 1', malformed],
  ['a raw byte in the name', 'RFC 9110 5.6.2', 'X-\xc3\xa4: 1', malformed],
  ['a NUL in the name', 'RFC 9110 5.6.2', 'X\0A: 1', malformed],
  ['a NUL in the value', 'RFC 9110 5.5', 'X-A: 1\x002', malformed],
  ['a DEL in the value', 'RFC 9110 5.5', 'X-A: 1\x7f', malformed],
  ['a bell in the value', 'RFC 9110 5.5', 'X-A: \x07', malformed],
  ['an escape in the value', 'RFC 9110 5.5', 'X-A: \x1b[2J', malformed],
  ['a bare CR in the value', 'RFC 9112 2.2', 'X-A: 1\r2', malformed],
  ['a bare LF in the value', 'RFC 9112 2.2', 'X-A: 1\n2', malformed],
  ['an LF before a CR', 'RFC 9112 2.2', 'X-A: 1\n\rX-B: 2', malformed],
  ['two CR before an LF', 'RFC 9112 2.2', 'X-A: 1\r\r\nX-B: 2', malformed],
  ['as many fields as there may be', 'RFC 6585 5', 'X: 1\r\n'.repeat(97) + 'X: 1', seen],
  ['more fields than there may be', 'RFC 6585 5', 'X: 1\r\n'.repeat(98) + 'X: 1', dead('fields-too-many')],
  ['a value that is too long', 'RFC 6585 5', `X-A: ${'a'.repeat(40_000)}`, dead('head-too-large')],
  ['a name that is too long', 'RFC 6585 5', `${'a'.repeat(40_000)}: 1`, dead('head-too-large')],
];

const aliases: readonly Row[] = [
  ['Content_Length', 'nginx underscores_in_headers', 'Content_Length: 5', refused],
  ['Transfer_Encoding', 'nginx underscores_in_headers', 'Transfer_Encoding: chunked', refused],
  ['transfer_encoding', 'nginx underscores_in_headers', 'transfer_encoding: chunked', refused],
  ['X_Forwarded_For', 'nginx underscores_in_headers', 'X_Forwarded_For: 203.0.113.9', refused],
  ['X-Forwarded_For', 'nginx underscores_in_headers', 'X-Forwarded_For: 203.0.113.9', refused],
  ['X_Real_IP', 'nginx underscores_in_headers', 'X_Real_IP: 203.0.113.9', refused],
  ['X_CT_Key', 'design 6', 'X_CT_Key: k', refused],
  ['x-ct_epoch', 'design 6', 'x-ct_epoch: 9', refused],
  ['X_OCT_JWT', 'design 5', 'X_OCT_JWT: a', refused],
  ['Sec_WebSocket_Key', 'RFC 6455 4.1', 'Sec_WebSocket_Key: a', refused],
];

const twice: readonly Row[] = [
  ['two Authorization', 'RFC 9110 5.3', 'Authorization: a\r\nAuthorization: b', refused],
  ['two equal Authorization', 'RFC 9110 5.3', 'Authorization: a\r\nauthorization: a', refused],
  ['two tokens', 'RFC 9110 5.3', 'x-oct-jwt: a\r\nx-oct-jwt: b', refused],
  ['two Sec-WebSocket-Key', 'RFC 6455 11.3.1', 'Sec-WebSocket-Key: a\r\nSec-WebSocket-Key: b', refused],
  [
    'two Sec-WebSocket-Version',
    'RFC 6455 4.1',
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 8',
    refused,
  ],
  ['two Upgrade', 'HAProxy websocket', 'Upgrade: proto1, websocket\r\nUpgrade: proto3', refused],
  ['two cookies', 'RFC 9113 8.2.3', 'Cookie: a=b\r\nCookie: c=d', seen],
  ['two Accept', 'RFC 9110 5.3', 'Accept: a/b\r\nAccept: c/d', seen],
];

const connections: readonly Row[] = [
  ['Connection that names Host', 'RFC 9110 7.6.1', 'Connection: host', refused],
  ['Connection that names Cookie', 'hop-by-hop abuse (2019)', 'Connection: keep-alive, Cookie', refused],
  ['Connection that names Authorization', 'hop-by-hop abuse (2019)', 'Connection: AUTHORIZATION', refused],
  ['Connection that names a length', 'RFC 9110 7.6.1', 'Connection: content-length', refused],
  ['Connection that names the key', 'design 5', 'Connection: ctstickiness', refused],
  ['Connection that names the token', 'design 5', 'Connection: x-oct-jwt', refused],
  [
    'Connection that names the key on a second line',
    'design 5',
    'Connection: a\r\nConnection: ctstickiness',
    refused,
  ],
  ['Connection: keep-alive', 'RFC 9112 9.3', 'Connection: keep-alive', seen],
  ['Connection: close', 'RFC 9112 9.6', 'Connection: close', [seen, closes]],
  ['Connection: CLOSE among others', 'RFC 9112 9.6', 'Connection: x, CLOSE', [seen, closes]],
  [
    'Connection: close on a second line',
    'RFC 9112 9.6',
    'Connection: x\r\nConnection: close',
    [seen, closes],
  ],
  ['an empty Connection', 'RFC 9110 5.6.1', 'Connection:', seen],
  ['a Connection of commas', 'RFC 9110 5.6.1', 'Connection: ,,,', seen],
];

/** What the edge's head has, and has not, of a request with these fields. */
type Edit = readonly [
  name: string,
  source: string,
  lines: string,
  has: readonly string[],
  lacks: readonly string[],
];

const edits: readonly Edit[] = [
  [
    'fields that mean nothing here pass as they are',
    'RFC 9110 5',
    'X-A: 1\r\nX_B: 2',
    ['x-a: 1', 'x_b: 2'],
    [],
  ],
  ['raw bytes pass as they are', 'RFC 9110 5.5', 'X-A: \x80\xff', ['x-a: \x80\xff'], []],
  [
    'what Connection names ends here',
    'RFC 9110 7.6.1',
    'Connection: x-hop\r\nX-Hop: 1',
    [],
    ['x-hop', 'connection'],
  ],
  ['Keep-Alive ends here', 'RFC 9110 7.6.1', 'Keep-Alive: timeout=5', [], ['keep-alive']],
  ['Proxy-Connection ends here', 'RFC 9110 C.2.2', 'Proxy-Connection: close', [], ['proxy-connection']],
  ['Proxy-Authorization ends here', 'RFC 9110 11.7.2', 'Proxy-Authorization: a', [], ['proxy-authorization']],
  ['TE ends here', 'HAProxy http_transfer_encoding', 'TE: trailers, gzip', [], ['te']],
  [
    'Upgrade to h2c ends here',
    'HAProxy protocol_upgrade; h2c smuggling (2020)',
    'Upgrade: h2c\r\nHTTP2-Settings: AA\r\nConnection: Upgrade, HTTP2-Settings',
    [],
    ['upgrade', 'http2-settings', 'connection'],
  ],
  [
    'HTTP2-Settings that Connection does not name ends here',
    'h2c smuggling (2020)',
    'Upgrade: h2c\r\nHTTP2-Settings: AA\r\nConnection: Upgrade',
    [],
    ['http2-settings'],
  ],
  [
    'Upgrade to any other protocol ends here',
    'HAProxy protocol_upgrade',
    'Upgrade: custom_protocol\r\nConnection: upgrade',
    [],
    ['upgrade', 'connection'],
  ],
  [
    'Upgrade to a WebSocket among others ends here',
    'RFC 9110 7.8',
    'Upgrade: proto1, websocket\r\nConnection: upgrade',
    [],
    ['upgrade'],
  ],
  ['Upgrade that Connection does not name ends here', 'RFC 9110 7.8', 'Upgrade: websocket', [], ['upgrade']],
  ['X-Forwarded-For of a stranger is written anew', 'RFC 7239 8.1', 'X-Forwarded-For: 203.0.113.9', [], []],
  ['Forwarded of a stranger is written anew', 'RFC 7239 8.1', 'Forwarded: for=203.0.113.9;host=evil', [], []],
  [
    'X-Forwarded-Host of a stranger is written anew',
    'RFC 7239 8.1',
    'X-Forwarded-Host: evil',
    ['x-forwarded-host: door.test'],
    [],
  ],
  [
    'X-Forwarded-Proto of a stranger is written anew',
    'RFC 7239 8.1',
    'X-Forwarded-Proto: https',
    ['x-forwarded-proto: http'],
    [],
  ],
  [
    'internal headers of a stranger end here',
    'design 6',
    'X-CT-Key: a\r\nx-ct-epoch: 9\r\nX-Ct-Pass: b',
    [],
    ['x-ct-key', 'x-ct-epoch', 'x-ct-pass'],
  ],
  ['traceparent passes', 'W3C trace context', 'traceparent: 00-a-b-01', ['traceparent: 00-a-b-01'], []],
];

export const fieldCases: readonly RequestCase[] = [
  ...casesOf(
    [...grammar, ...aliases, ...twice, ...connections],
    (lines) => `GET /x HTTP/1.1\r\n${good}${lines}\r\n\r\n`,
  ),
  ...edits.map(([name, source, lines, has, lacks]): RequestCase => {
    const bytes = `GET /x HTTP/1.1\r\n${good}${lines}\r\n\r\n`;
    return { name, source, bytes, expected: [seen], has, lacks };
  }),
  {
    name: 'keep-alive of HTTP/1.0',
    source: 'RFC 9112 9.3',
    bytes: `GET /x HTTP/1.0\r\n${good}Connection: keep-alive\r\n\r\n`,
    expected: [seen],
  },
  {
    name: 'Upgrade to a WebSocket from HTTP/1.0',
    source: 'RFC 9110 7.8',
    bytes: `GET /x HTTP/1.0\r\n${good}Upgrade: websocket\r\nConnection: Upgrade, keep-alive\r\n\r\n`,
    expected: [seen],
    lacks: ['upgrade'],
  },
  ...casesOf(
    [
      ['Upgrade to a WebSocket by POST', 'RFC 6455 4.1', 'POST', malformed],
      ['Upgrade to a WebSocket by HEAD', 'RFC 6455 4.1', 'HEAD', malformed],
    ],
    (method) => `${method} /x HTTP/1.1\r\n${good}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
  ),
  ...casesOf(
    [
      ['a WebSocket with a length', 'RFC 6455 4.1', 'Content-Length: 5', dead('framing-ambiguous')],
      ['a WebSocket with a coding', 'RFC 6455 4.1', 'Transfer-Encoding: chunked', dead('framing-ambiguous')],
      ['a WebSocket with two keys of the session', 'design 5', 'ctstickiness: k', dead('key-duplicated')],
      [
        'a WebSocket that Connection strips of its key',
        'design 5',
        'Connection: ctstickiness',
        dead('header-refused'),
      ],
    ],
    (line) => `GET /x HTTP/1.1\r\n${good}Upgrade: websocket\r\nConnection: Upgrade\r\n${line}\r\n\r\nhello`,
  ),
  {
    name: 'a WebSocket with a bad Host',
    source: 'RFC 9112 3.2',
    bytes: `GET /x HTTP/1.1\r\nHost: a/b\r\nctstickiness: k\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
    expected: dead('host-invalid'),
  },
  {
    name: 'a head that ends in the middle of a field',
    source: 'RFC 9112 8',
    bytes: `GET /x HTTP/1.1\r\n${host}X-A: 1`,
    expected: [closes],
    halfCloses: true,
  },
  {
    name: 'a head without its empty line',
    source: 'RFC 9112 8',
    bytes: `GET /x HTTP/1.1\r\n${good}`,
    expected: [closes],
    halfCloses: true,
  },
];
