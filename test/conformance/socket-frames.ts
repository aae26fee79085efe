/** Single frames: lengths in every form, masks, opcodes, reserved bits, and streams cut at odd places. */
import { binary, close, filled, fragments, frame, ping, plain, socketCases, text } from './socket-case.ts';
import type { SocketCase, SocketRow } from './socket-case.ts';

const lengths = [
  0, 1, 2, 7, 124, 125, 126, 127, 128, 254, 255, 256, 1_000, 16_384, 65_534, 65_535, 65_536, 65_537, 100_000,
];

const ofLength: readonly SocketRow[] = lengths.flatMap((length): SocketRow[] => [
  [`a text of ${length} bytes`, '5.2', text(filled(length))],
  [`${length} bytes`, '5.2', binary(filled(length))],
]);

const lengthForms: readonly SocketRow[] = [
  ['5 bytes with a length of 16 bits', '5.2', frame({ opcode: 2, payload: 'hello', lengthForm: 16 })],
  ['5 bytes with a length of 64 bits', '5.2', frame({ opcode: 2, payload: 'hello', lengthForm: 64 })],
  ['nothing with a length of 16 bits', '5.2', frame({ opcode: 2, lengthForm: 16 })],
  ['nothing with a length of 64 bits', '5.2', frame({ opcode: 2, lengthForm: 64 })],
  ['300 bytes with a length of 64 bits', '5.2', frame({ opcode: 2, payload: filled(300), lengthForm: 64 })],
  [
    'a length with its highest bit',
    '5.2',
    frame({ opcode: 2, claimedLength: 1n << 63n, lengthForm: 64 }),
    1009,
  ],
  [
    'a length of 2^64 - 1',
    '5.2',
    frame({ opcode: 2, claimedLength: (1n << 64n) - 1n, lengthForm: 64 }),
    1009,
  ],
  ['a length of 2^53', '5.2', frame({ opcode: 2, claimedLength: 1n << 53n, lengthForm: 64 }), 1009],
  ['a length of 2^32', '5.2', frame({ opcode: 2, claimedLength: 1n << 32n, lengthForm: 64 }), 1009],
  ['a byte more than a message may have', '7.4.1', binary(filled(100_001)), 1009],
  ['a text of a byte more than a message may have', '7.4.1', text(filled(100_001)), 1009],
  ['a message of 1 MiB', '7.4.1', binary(filled(1_048_576)), 1009],
];

const masks: readonly SocketRow[] = [
  ['a mask of zeros', '5.3', frame({ opcode: 1, payload: 'hello', mask: Buffer.alloc(4) })],
  ['a mask of ones', '5.3', frame({ opcode: 1, payload: 'hello', mask: Buffer.alloc(4, 255) })],
  ['a mask of one byte', '5.3', frame({ opcode: 1, payload: 'hello', mask: Buffer.of(0, 0, 0, 1) })],
  ['a mask that makes zeros of it', '5.3', frame({ opcode: 1, payload: 'hell', mask: Buffer.from('hell') })],
  [
    'a mask that makes a line end of it',
    '10.3',
    frame({ opcode: 2, payload: 'GET ', mask: Buffer.from([0x4a, 0x48, 0x59, 0x2a]) }),
  ],
  ...[1, 2, 9, 10, 8].map((opcode): SocketRow => [
    `an unmasked frame of opcode ${opcode}`,
    '5.1',
    frame({ opcode, payload: opcode === 8 ? Buffer.of(3, 232) : 'hello', mask: 'none' }),
    1002,
  ]),
  [
    'an unmasked frame behind a masked one',
    '5.1',
    [text('a'), frame({ opcode: 1, payload: 'b', mask: 'none' })],
    1002,
  ],
];

const reservedOpcodes: readonly SocketRow[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap(
  (opcode): SocketRow[] => [
    [`the opcode ${opcode}`, '5.2', frame({ opcode, payload: 'hello' }), 1002],
    [
      `the opcode ${opcode} inside a message`,
      '5.2',
      [frame({ opcode: 1, payload: 'a', isFinal: false }), frame({ opcode }), text('b')],
      1002,
    ],
  ],
);

const reservedBits: readonly SocketRow[] = [1, 2, 3, 4, 5, 6, 7].flatMap((reserved): SocketRow[] =>
  [1, 2, 8, 9].map((opcode): SocketRow => [
    `reserved bits ${reserved} with opcode ${opcode}`,
    '5.2',
    frame({ opcode, payload: opcode === 8 ? Buffer.of(3, 232) : 'hello', reserved }),
    1002,
  ]),
);

/** A stream whose cuts must not matter. */
const stream = Buffer.concat([
  ...fragments(1, ['Mo', 'or']),
  ping('p'),
  frame({ opcode: 2, payload: filled(130) }),
  ...fragments(2, ['a', '', 'b']),
]);

const cuts: readonly SocketRow[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 14, 20, 21, 22, 23, 30, 100].map(
  (at): SocketRow => [`a stream cut behind byte ${at}`, '5.4', [stream.subarray(0, at), stream.subarray(at)]],
);

const pieces: readonly SocketRow[] = [1, 2, 3, 5, 8, 13].map((length): SocketRow => [
  `a stream in pieces of ${length}`,
  '5.4',
  Array.from({ length: Math.ceil(stream.length / length) }, (_, i) =>
    stream.subarray(i * length, (i + 1) * length),
  ),
]);

const message = binary(filled(200));

/** The client is gone, or has said its last word, in the middle of a frame. */
const halves = [1, 2, 3, 4, 7, 8, 100, message.length - 1].map((at): SocketCase => ({
  name: `a frame that ends behind byte ${at}`,
  source: '7.1.7',
  writes: [message.subarray(0, at)],
  expected: 'none',
  ending: 'half-closes',
  handshake: plain,
}));

const ends: readonly SocketCase[] = [
  {
    name: 'an end without a word',
    source: '7.1.5',
    writes: [],
    expected: 'none',
    ending: 'half-closes',
    handshake: plain,
  },
  {
    name: 'an end behind a message',
    source: '7.1.5',
    writes: [text('a')],
    expected: 'none',
    ending: 'half-closes',
    handshake: plain,
  },
  {
    name: 'an end inside a message',
    source: '7.1.5',
    writes: [frame({ opcode: 1, payload: 'a', isFinal: false })],
    expected: 'none',
    ending: 'half-closes',
    handshake: plain,
  },
  {
    name: 'an end behind the close frame',
    source: '7.1.1',
    writes: [close(1000)],
    expected: 1000,
    ending: 'half-closes',
    handshake: plain,
  },
  {
    name: 'a reset behind a message',
    source: '7.1.7',
    writes: [text('a')],
    expected: 'none',
    ending: 'resets',
    handshake: plain,
  },
  {
    name: 'a reset inside a message',
    source: '7.1.7',
    writes: [text('a'), frame({ opcode: 1, payload: 'b', isFinal: false })],
    expected: 'none',
    ending: 'resets',
    handshake: plain,
  },
  {
    name: 'a reset inside a frame',
    source: '7.1.7',
    writes: [text('a'), message.subarray(0, 50)],
    expected: 'none',
    ending: 'resets',
    handshake: plain,
  },
];

const early = { ...plain, isEarly: true } as const;

/** nginx proxy_websocket and proxy_upgrade, pipelined: frames behind the head before it is answered. */
const earlyRows: readonly SocketRow[] = [
  ['a message with the head', 'nginx proxy_websocket', text('hello')],
  [
    'three messages with the head',
    'nginx proxy_websocket',
    Buffer.concat([text('a'), binary('b'), text('c')]),
  ],
  ['half a message with the head', 'nginx proxy_websocket', [message.subarray(0, 20), message.subarray(20)]],
  ['a byte with the head', 'nginx proxy_websocket', [message.subarray(0, 1), message.subarray(1)]],
  ['a large message with the head', 'nginx proxy_websocket', binary(filled(60_000))],
  ['a close frame with the head', 'nginx proxy_upgrade', close(1001), 1001],
  ['a bad frame with the head', 'nginx proxy_upgrade', frame({ opcode: 3 }), 1002],
];

export const frameCases: readonly SocketCase[] = [
  ...socketCases([
    ...ofLength,
    ...lengthForms,
    ...masks,
    ...reservedOpcodes,
    ...reservedBits,
    ...cuts,
    ...pieces,
  ]),
  ...halves,
  ...ends,
  ...socketCases(earlyRows, early),
];
