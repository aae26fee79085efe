/** Handshakes that pass the gate: subprotocols, extensions and compression agreed on or not, versions and keys that edges refuse. */
import { deflateRawSync, constants } from 'node:zlib';
import { binary, deflate, filled, frame, ping, plain, socketCases, text } from './socket-case.ts';
import type { Handshake, SocketCase, SocketRow } from './socket-case.ts';

type Change = Partial<Handshake>;
type HandshakeRow = readonly [
  name: string,
  source: string,
  change: Change,
  expected?: SocketCase['expected'],
];

const protocols = (value: string): Change => ({ lines: `Sec-WebSocket-Protocol: ${value}\r\n` });
const extensions = (value: string): Change => ({
  path: '/deflate',
  lines: `Sec-WebSocket-Extensions: ${value}\r\n`,
});

const rows: readonly HandshakeRow[] = [
  ['one subprotocol', '4.1', protocols('chat')],
  ['two subprotocols', '4.1', protocols('chat, superchat')],
  ['two subprotocols without white space', '4.1', protocols('chat,superchat')],
  [
    'subprotocols in two lines',
    '4.1',
    { lines: 'Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: superchat\r\n' },
  ],
  ['a subprotocol with odd characters', '4.1', protocols("a.b-c_d~e!#$%&'*+^`|")],
  ['the same subprotocol twice', '4.1', protocols('chat, chat'), 'refused'],
  ['an empty subprotocol', '4.1', protocols(''), 'refused'],
  ['a subprotocol with a space', '4.1', protocols('ch at'), 'refused'],
  ['a list of subprotocols with an empty end', '4.1', protocols('chat,'), 'refused'],
  ['a subprotocol in quotes', '4.1', protocols('"chat"'), 'refused'],
  ['compression', 'RFC 7692 7.1', extensions('permessage-deflate')],
  [
    'compression that the edge does not do',
    'RFC 7692 5',
    { lines: 'Sec-WebSocket-Extensions: permessage-deflate\r\n' },
  ],
  [
    'compression without a context of the server',
    'RFC 7692 7.1.1',
    extensions('permessage-deflate; server_no_context_takeover'),
  ],
  [
    'compression without a context of the client',
    'RFC 7692 7.1.1',
    extensions('permessage-deflate; client_no_context_takeover'),
  ],
  [
    'compression with a window of the server',
    'RFC 7692 7.1.2',
    extensions('permessage-deflate; server_max_window_bits=10'),
  ],
  [
    'compression with a window of the client',
    'RFC 7692 7.1.2',
    extensions('permessage-deflate; client_max_window_bits'),
  ],
  [
    'compression with all parameters',
    'RFC 7692 7.1',
    extensions(
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9',
    ),
  ],
  [
    'two offers of compression',
    'RFC 7692 5',
    extensions('permessage-deflate; server_max_window_bits=10, permessage-deflate'),
  ],
  [
    'offers in two lines',
    'RFC 7692 5',
    {
      path: '/deflate',
      lines: 'Sec-WebSocket-Extensions: x-none\r\nSec-WebSocket-Extensions: permessage-deflate\r\n',
    },
  ],
  ['an extension that nobody knows', '9.1', extensions('x-webkit-deflate-frame')],
  ['a parameter that nobody knows', 'RFC 7692 7.1', extensions('permessage-deflate; unknown=1'), 'refused'],
  [
    'a window that is too small',
    'RFC 7692 7.1.2',
    extensions('permessage-deflate; server_max_window_bits=7'),
    'refused',
  ],
  [
    'a window that is no number',
    'RFC 7692 7.1.2',
    extensions('permessage-deflate; server_max_window_bits=x'),
    'refused',
  ],
  [
    'a parameter twice',
    'RFC 7692 7.1',
    extensions('permessage-deflate; server_no_context_takeover; server_no_context_takeover'),
    'refused',
  ],
  ['extensions that are no list', '9.1', extensions('permessage-deflate;;'), 'refused'],
  ['version 8', '4.4', { version: '8' }],
  ['version 7', '4.4', { version: '7' }, 'refused'],
  ['version 14', '4.4', { version: '14' }, 'refused'],
  ['a version that is no number', '4.4', { version: 'thirteen' }, 'refused'],
  ['an empty version', '4.4', { version: '' }, 'refused'],
  ['a list of versions', '4.4', { version: '13, 8' }, 'refused'],
  ['an empty key', 'HAProxy websocket', { key: '' }, 'refused'],
  ['a key that is too short', '4.2.1', { key: 'c2hvcnQ=' }, 'refused'],
  ['a key that is too long', '4.2.1', { key: 'dGhlIHNhbXBsZSBub25jZSBpcyB0b28gbG9uZw==' }, 'refused'],
  ['a key that is no base64', '4.2.1', { key: '!!!!!!!!!!!!!!!!!!!!!!==' }, 'refused'],
  ['a key of zeros', '4.2.1', { key: 'AAAAAAAAAAAAAAAAAAAAAA==' }],
  ['Upgrade in capitals', '4.2.1', { upgrade: 'WebSocket' }],
  ['Upgrade all in capitals', '4.2.1', { upgrade: 'WEBSOCKET' }],
  ['Connection in small letters', '4.2.1', { connection: 'upgrade' }],
  ['Connection of a list', '4.2.1', { connection: 'keep-alive, Upgrade' }],
  ['Connection of a list without white space', '4.2.1', { connection: 'Upgrade,keep-alive' }],
  ['Connection that names another field', '4.2.1', { connection: 'Upgrade, X-Hop', lines: 'X-Hop: 1\r\n' }],
  ['an Origin', '10.2', { lines: 'Origin: https://door.test\r\n' }],
  ['an Origin of null', '10.2', { lines: 'Origin: null\r\n' }],
  ['cookies', '10.5', { lines: 'Cookie: a=b; c=d\r\n' }],
  ['Authorization', '10.5', { lines: 'Authorization: Basic YTpi\r\n' }],
  ['a long head', '4.1', { lines: `X-Long: ${'a'.repeat(8_000)}\r\n` }],
  ['a length of nothing', 'RFC 9110 8.6', { lines: 'Content-Length: 0\r\n' }],
];

const handshakes = rows.flatMap(([name, source, change, expected]) =>
  socketCases([[`a handshake with ${name}`, source, text('hello'), expected ?? 1000]], {
    ...plain,
    ...change,
  }),
);

/** Without the four bytes that each message ends with (RFC 7692 section 7.2.1). */
function squeeze(payload: Buffer | string): Buffer {
  const bytes = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH });
  return bytes.subarray(0, -4);
}

const packed = (opcode: number, payload: Buffer): Buffer => frame({ opcode, payload, reserved: 4 });
const hello = squeeze('hello');

const compressed: readonly SocketRow[] = [
  ['a compressed text', 'RFC 7692 7.2', packed(1, hello)],
  ['compressed bytes', 'RFC 7692 7.2', packed(2, squeeze(filled(50_000)))],
  ['an empty compressed text', 'RFC 7692 7.2.3.6', packed(1, squeeze(''))],
  ['a compressed text of Chinese', 'RFC 7692 7.2', packed(1, squeeze('協作'))],
  ['two compressed texts', 'RFC 7692 7.2', [packed(1, hello), packed(1, squeeze('other'))]],
  [
    'twenty compressed texts at once',
    'RFC 7692 7.2',
    Buffer.concat(Array.from({ length: 20 }, (_, i) => packed(1, squeeze(`text ${i}`)))),
  ],
  ['a text that is not compressed', 'RFC 7692 6', text('hello')],
  ['a compressed and a plain text', 'RFC 7692 6', [packed(1, hello), text('hello')]],
  [
    'a compressed text in fragments',
    'RFC 7692 6.1',
    [
      frame({ opcode: 1, payload: hello.subarray(0, 3), reserved: 4, isFinal: false }),
      frame({ opcode: 0, payload: hello.subarray(3) }),
    ],
  ],
  [
    'a compressed text with a ping inside',
    'RFC 7692 6.1',
    [
      frame({ opcode: 1, payload: hello.subarray(0, 3), reserved: 4, isFinal: false }),
      ping('p'),
      frame({ opcode: 0, payload: hello.subarray(3) }),
    ],
  ],
  [
    'a compressed continuation',
    'RFC 7692 6.1',
    [
      frame({ opcode: 1, payload: hello.subarray(0, 3), reserved: 4, isFinal: false }),
      packed(0, hello.subarray(3)),
    ],
    1002,
  ],
  ['a compressed ping', 'RFC 7692 6.1', packed(9, hello), 1002],
  ['a compressed close frame', 'RFC 7692 6.1', packed(8, Buffer.of(3, 232)), 1002],
  [
    'a compressed text with other reserved bits',
    'RFC 7692 6.1',
    frame({ opcode: 1, payload: hello, reserved: 6 }),
    1002,
  ],
  ['what is not compressed but says so', 'RFC 7692 7.2.2', packed(1, Buffer.from('hello')), 1007],
  ['a compressed text that is no UTF-8', 'RFC 7692 7.2.2', packed(1, squeeze(Buffer.of(0xc0, 0xaf))), 1007],
  [
    'a small frame that unpacks to more than a message may have',
    'RFC 7692 8',
    packed(2, squeeze(Buffer.alloc(1_000_000))),
    1009,
  ],
];

export const handshakeCases: readonly SocketCase[] = [
  ...handshakes,
  ...socketCases(compressed, deflate),
  ...socketCases([['compressed bytes without compression agreed on', 'RFC 7692 6', packed(2, hello), 1002]]),
  ...socketCases(
    [['large bytes where compression is agreed on', 'RFC 7692 7.2', binary(filled(90_000))]],
    deflate,
  ),
];
