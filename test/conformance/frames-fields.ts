/** Cases of heads: names and values, what speaks of a connection, pseudo-header fields, CONNECT, the gate behind them. */
import { requestFields } from '../support/http2-frames.ts';
import type { Field } from '../support/http2-frames.ts';
import { exactly, get, getWith, headers, endHeaders } from './frame-case.ts';
import type { FrameCase } from './frame-case.ts';

type Row = readonly [
  name: string,
  section: string,
  sent: Buffer,
  expected: string,
  seen?: Readonly<Record<string, string>>,
];
/** Malformed as well, but node:http2 takes the field out and says nothing. */
type DroppedRow = readonly [name: string, section: string, sent: Buffer, dropped: string];

const malformed = 'reset PROTOCOL_ERROR';
const field = (name: string, value = ''): Buffer => get(1, [name, value]);
const plain = requestFields('/');

const fieldRows: readonly Row[] = [
  ['an upper-case name', '8.2.1', field('X-Name', 'a'), malformed],
  ['an upper-case letter inside a name', '8.2.1', field('x-naMe', 'a'), malformed],
  ['an empty value', '8.2.1', field('x-a', ''), 'answer 200', { 'x-a': '' }],
  ['a value with a tab inside', '8.2.1', field('x-a', 'b\tc'), 'answer 200', { 'x-a': 'b\tc' }],
  [
    'a value with bytes beyond ASCII',
    'RFC 9110 5.5',
    field('x-a', 'caf\xe9'),
    'answer 200',
    { 'x-a': 'caf\xe9' },
  ],
  ['connection', '8.2.2', field('connection', 'close'), malformed],
  ['connection that names a field', '8.2.2', field('connection', 'x-forwarded-for'), malformed],
  ['keep-alive', '8.2.2', field('keep-alive', 'timeout=5'), malformed],
  ['proxy-connection', '8.2.2', field('proxy-connection', 'keep-alive'), malformed],
  ['transfer-encoding', '8.2.2', field('transfer-encoding', 'chunked'), malformed],
  ['upgrade', '8.2.2', field('upgrade', 'websocket'), malformed],
  ['http2-settings', 'RFC 7540 3.2.1', field('http2-settings', 'AAMAAABk'), 'answer 400'],
  ['te that is not trailers', '8.2.2', field('te', 'gzip'), malformed],
  ['te: trailers', '8.2.2', field('te', 'trailers'), 'answer 200'],
  [
    'cookies in pieces',
    '8.2.3',
    get(1, ['cookie', 'a=1'], ['x-a', 'b'], ['cookie', 'b=2'], ['cookie', 'c=3']),
    'answer 200',
    { cookie: 'a=1; b=2; c=3' },
  ],
  [
    'a key in a piece of the cookies',
    '8.2.3',
    get(1, ['cookie', 'a=1'], ['cookie', 'ctstickiness=mine']),
    'answer 200',
  ],
];

const droppedRows: readonly DroppedRow[] = [
  ['an empty name', '8.2.1', field('', 'a'), ''],
  ['a name with a space', '8.2.1', field('x name', 'a'), 'x name'],
  ['a name with a colon', '8.2.1', field('x:name', 'a'), 'x:name'],
  ['a name with a line feed', '8.2.1', field('x\nname', 'a'), 'x\nname'],
  ['a name with a byte beyond ASCII', '8.2.1', field('x\xff', 'a'), 'x\xff'],
  ['a value with a carriage return', '8.2.1', field('x-a', 'b\rc'), 'x-a'],
  ['a value with a line feed', '8.2.1', field('x-a', 'b\nx-ct-epoch: 9'), 'x-a'],
  [
    'a value with CRLF and a request behind it',
    '8.2.1',
    field('x-a', 'b\r\n\r\nGET /smuggled HTTP/1.1\r\n'),
    'x-a',
  ],
  ['a value with NUL', '8.2.1', field('x-a', 'b\0c'), 'x-a'],
  ['a value that begins with a space', '8.2.1', field('x-a', ' b'), 'x-a'],
  ['a value that ends with a tab', '8.2.1', field('x-a', 'b\t'), 'x-a'],
];

const pseudoRows: readonly Row[] = [
  ['no :method', '8.3.1', getWith(':method', undefined), malformed],
  ['no :scheme', '8.3.1', getWith(':scheme', undefined), malformed],
  ['no :path', '8.3.1', getWith(':path', undefined), malformed],
  ['an empty :path', '8.3.1', getWith(':path', ''), malformed],
  ['an empty :method', '8.3.1', getWith(':method', ''), malformed],
  ['two :method', '8.3', exactly([':method', 'GET'], ...plain), malformed],
  ['two :path', '8.3', exactly([':path', '/'], ...plain), malformed],
  ['two :scheme', '8.3', exactly([':scheme', 'https'], ...plain), malformed],
  ['two :authority', '8.3', exactly([':authority', 'localhost'], ...plain), malformed],
  ['an unknown pseudo-header field', '8.3', exactly(...plain, [':other', 'a']), malformed],
  [':status in a request', '8.3', exactly(...plain, [':status', '200']), malformed],
  [
    'a pseudo-header field behind another field',
    '8.3',
    exactly(...plain.slice(0, 3), ['x-a', 'b'], [':path', '/']),
    malformed,
  ],
  ['an upper-case pseudo-header field', '8.2.1', exactly([':Method', 'GET'], ...plain.slice(1)), malformed],
  ['an unknown method', 'RFC 9110 9.1', getWith(':method', 'FROBNICATE'), 'answer 400'],
  ['a lower-case method', 'RFC 9110 9.1', getWith(':method', 'get'), 'answer 400'],
  ['a method with a space and a path', '8.3.1', getWith(':method', 'GET /other HTTP/1.1'), malformed],
  ['a scheme that is not of the web', '8.3.1', getWith(':scheme', 'ftp'), 'answer 400'],
  ['a scheme with a space', '8.3.1', getWith(':scheme', 'https /'), malformed],
  ['a path without a slash', '8.3.1', getWith(':path', 'a'), malformed],
  ['a path that is a URL', '8.3.1', getWith(':path', 'http://localhost/'), malformed],
  ['a star in a GET', '8.3.1', getWith(':path', '*'), malformed],
  ['a path with a space', '8.3.1', getWith(':path', '/a b'), malformed],
  [
    'a path with a version and a line behind it',
    '8.3.1',
    getWith(':path', '/ HTTP/1.1\r\nx-ct-epoch: 9'),
    malformed,
  ],
  ['a path with a fragment', 'RFC 9110 7.1', getWith(':path', '/a#b'), 'answer 400'],
  ['a path with a backslash', 'RFC 9110 7.1', getWith(':path', '/a\\b'), 'answer 400'],
  ['a path with a byte beyond ASCII', 'RFC 9110 7.1', getWith(':path', '/caf\xe9'), 'answer 400'],
  ['a path with dot segments', 'RFC 3986 6.2.2.3', getWith(':path', '/a/../b'), 'answer 400'],
  ['a path with encoded dot segments', 'RFC 3986 6.2.2.3', getWith(':path', '/a/%2e%2e/b'), 'answer 400'],
  ['a path with an encoded NUL', 'RFC 3986 2.1', getWith(':path', '/a%00b'), 'answer 400'],
  ['a path that is too long', 'RFC 9110 15.5.15', getWith(':path', `/${'a'.repeat(9_000)}`), 'answer 414'],
  [
    'a path with a query',
    '8.3.1',
    getWith(':path', '/a?b=c&d=%20'),
    'answer 200',
    { ':path': '/a?b=c&d=%20' },
  ],
  ['a path of two slashes', '8.3.1', getWith(':path', '//a'), 'answer 200', { ':path': '//a' }],
];

const hostRows: readonly Row[] = [
  [
    ':authority with a port',
    '8.3.1',
    getWith(':authority', 'localhost:8443'),
    'answer 200',
    { host: 'localhost:8443' },
  ],
  [
    ':authority that is an IPv6 address',
    '8.3.1',
    getWith(':authority', '[::1]:443'),
    'answer 200',
    { host: '[::1]:443' },
  ],
  ['an empty :authority', '8.3.1', getWith(':authority', ''), malformed],
  [':authority with a user', '8.3.1', getWith(':authority', 'user@localhost'), malformed],
  [':authority with a path', '8.3.1', getWith(':authority', 'localhost/a'), malformed],
  [':authority with a space', '8.3.1', getWith(':authority', 'local host'), malformed],
  [':authority with a port that none is', '8.3.1', getWith(':authority', 'localhost:99999'), 'answer 400'],
  [
    'host in place of :authority',
    '8.3.1',
    exactly(...plain.filter(([name]) => name !== ':authority'), ['host', 'elsewhere']),
    'answer 200',
    { host: 'elsewhere' },
  ],
  [
    'host that is the same as :authority',
    '8.3.1',
    get(1, ['host', 'LOCALHOST']),
    'answer 200',
    { host: 'localhost' },
  ],
  ['host that is not the same as :authority', '8.3.1', get(1, ['host', 'elsewhere']), 'answer 400'],
  [
    'two hosts',
    '8.3.1',
    exactly(...plain.filter(([name]) => name !== ':authority'), ['host', 'a'], ['host', 'a']),
    malformed,
  ],
  ['neither host nor :authority', '8.3.1', getWith(':authority', undefined), malformed],
];

const connectFields: readonly Field[] = [
  [':method', 'CONNECT'],
  [':authority', 'localhost'],
  [':scheme', 'https'],
  [':path', '/ws'],
  [':protocol', 'websocket'],
  ['sec-websocket-version', '13'],
];
const connect = (...fields: readonly Field[]): Buffer => headers(endHeaders, 1, fields);
const without = (name: string): Buffer => connect(...connectFields.filter(([own]) => own !== name));
const connectRows: readonly Row[] = [
  ['CONNECT', '8.5', connect([':method', 'CONNECT'], [':authority', 'localhost:80']), 'answer 400'],
  [
    'CONNECT with a path',
    '8.5',
    connect([':method', 'CONNECT'], [':authority', 'localhost:80'], [':path', '/'], [':scheme', 'https']),
    malformed,
  ],
  ['CONNECT without :authority', '8.5', connect([':method', 'CONNECT']), malformed],
  [
    'a WebSocket that its edge refuses',
    'RFC 8441 5',
    connect(...connectFields.with(3, [':path', '/refused'])),
    'answer 403',
  ],
  ['a WebSocket without :path', 'RFC 8441 4', without(':path'), malformed],
  ['a WebSocket without :scheme', 'RFC 8441 4', without(':scheme'), malformed],
  ['a WebSocket without :authority', 'RFC 8441 4', without(':authority'), malformed],
  [':protocol in a GET', 'RFC 8441 4', exactly(...plain, [':protocol', 'websocket']), malformed],
  [
    'another protocol than WebSocket',
    'RFC 8441 4',
    connect(...connectFields.with(4, [':protocol', 'connect-udp'])),
    'answer 501',
  ],
  ['an empty protocol', 'RFC 8441 4', connect(...connectFields.with(4, [':protocol', ''])), malformed],
  [
    'two protocols',
    'RFC 8441 4',
    connect(...connectFields.slice(0, 5), [':protocol', 'websocket']),
    malformed,
  ],
  [
    'a WebSocket with a length',
    'RFC 8441 5',
    connect(...connectFields, ['content-length', '5']),
    'answer 400',
  ],
  [
    'a WebSocket with two versions',
    'RFC 6455 4.1',
    connect(...connectFields, ['sec-websocket-version', '8']),
    'answer 400',
  ],
  [
    'a WebSocket with dot segments',
    'RFC 8441 4',
    connect(...connectFields.with(3, [':path', '/a/../b'])),
    'answer 400',
  ],
];

const gateRows: readonly Row[] = [
  ['a key', 'the gate', get(1, ['ctstickiness', 'mine']), 'answer 200', { ctstickiness: 'mine' }],
  ['a key twice', 'the gate', get(1, ['ctstickiness', 'mine'], ['ctstickiness', 'mine']), 'answer 400'],
  ['a key that is none', 'the gate', get(1, ['ctstickiness', 'a b']), 'answer 400'],
  [
    'keys that disagree',
    'the gate',
    headers(0x5, 1, requestFields('/?ctstickiness=a', ['ctstickiness', 'b'])),
    'answer 400',
  ],
  ['an internal field', 'the gate', get(1, ['x-ct-epoch', '9']), 'answer 200'],
  ['an alias with an underscore', 'the gate', get(1, ['x_ct_epoch', '9']), 'answer 400'],
  ['an alias of the length with an underscore', 'the gate', get(1, ['content_length', '9']), 'answer 400'],
  ['two authorizations', 'the gate', get(1, ['authorization', 'a'], ['authorization', 'b']), 'answer 400'],
  [
    'more fields than may be',
    'the gate',
    get(1, ...Array.from({ length: 101 }, (_, i): Field => [`x-${i}`, ''])),
    'answer 431',
  ],
  [
    'as many fields as may be',
    'the gate',
    get(1, ...Array.from({ length: 100 }, (_, i): Field => [`x-${i}`, ''])),
    'answer 200',
  ],
  [
    'a length beyond what bodies may have',
    'the gate',
    headers(endHeaders, 1, [[':method', 'POST'], ...plain.slice(1), ['content-length', '1000001']]),
    'answer 413',
  ],
  [
    'expect: 100-continue without a body',
    'RFC 9110 10.1.1',
    get(1, ['expect', '100-continue']),
    'answer 200',
  ],
];

const dropped: readonly FrameCase[] = droppedRows.map(([name, section, sent, field]) => ({
  name,
  section,
  sent: [sent],
  expected: malformed,
  instead: 'answer 200',
  unseen: [field],
}));

export const fieldCases: readonly FrameCase[] = [
  ...[...fieldRows, ...pseudoRows, ...hostRows, ...connectRows, ...gateRows].map(
    ([name, section, sent, expected, seen]) => ({
      name,
      section,
      sent: [sent],
      expected,
      ...(seen !== undefined && { seen }),
    }),
  ),
  ...dropped,
];
