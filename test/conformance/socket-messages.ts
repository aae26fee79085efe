/** Messages: fragments, control frames between them, and texts that are UTF-8 or not. */
import { binary, close, filled, fragments, frame, ping, pong, socketCases, text } from './socket-case.ts';
import type { SocketCase, SocketRow } from './socket-case.ts';

const open = (opcode: number, payload: Buffer | string = 'a'): Buffer =>
  frame({ opcode, payload, isFinal: false });

const fragmented: readonly SocketRow[] = [
  ...[2, 3, 5, 10, 100].flatMap((count): SocketRow[] => [
    [
      `a text in ${count} fragments`,
      '5.4',
      fragments(
        1,
        Array.from({ length: count }, () => 'ab'),
      ),
    ],
    [
      `a text in ${count} fragments, in one write`,
      '5.4',
      Buffer.concat(
        fragments(
          1,
          Array.from({ length: count }, () => 'ab'),
        ),
      ),
    ],
    [
      `bytes in ${count} fragments`,
      '5.4',
      Buffer.concat(
        fragments(
          2,
          Array.from({ length: count }, () => 'ab'),
        ),
      ),
    ],
  ]),
  ['a message of two empty fragments', '5.4', fragments(1, ['', ''])],
  ['a message that begins empty', '5.4', fragments(1, ['', 'ab'])],
  ['a message that ends empty', '5.4', fragments(2, ['ab', ''])],
  ['a message with an empty middle', '5.4', fragments(1, ['a', '', 'b'])],
  ['large fragments', '5.4', fragments(2, [filled(40_000), filled(40_000)])],
  [
    'fragments of a byte more than a message may have',
    '7.4.1',
    fragments(2, [filled(50_000), filled(50_001)]),
    1009,
  ],
  ['a continuation of nothing', '5.4', frame({ opcode: 0, payload: 'a' }), 1002],
  ['a continuation of nothing that goes on', '5.4', open(0), 1002],
  ['a continuation behind a whole message', '5.4', [text('a'), frame({ opcode: 0, payload: 'b' })], 1002],
  ['a text inside a text', '5.4', [open(1), text('b')], 1002],
  ['bytes inside a text', '5.4', [open(1), binary('b')], 1002],
  ['the beginning of a text inside bytes', '5.4', [open(2), open(1)], 1002],
  ['two messages in fragments', '5.4', [...fragments(1, ['a', 'b']), ...fragments(2, ['c', 'd'])]],
  ['a message that the close frame cuts', '5.5.1', open(1)],
];

const controls: readonly SocketRow[] = [
  ...[0, 1, 2, 124, 125].flatMap((length): SocketRow[] => [
    [`a ping of ${length} bytes`, '5.5.2', ping(filled(length))],
    [`a pong of ${length} bytes that nobody asked for`, '5.5.3', pong(filled(length))],
  ]),
  ['a ping of 126 bytes', '5.5', ping(filled(126)), 1002],
  ['a pong of 126 bytes', '5.5', pong(filled(126)), 1002],
  ['a ping of 70,000 bytes', '5.5', ping(filled(70_000)), 1002],
  ['a ping with a length of 16 bits', '5.5', frame({ opcode: 9, payload: 'a', lengthForm: 16 }), 1002],
  ['a ping with a length of 64 bits', '5.5', frame({ opcode: 9, payload: 'a', lengthForm: 64 }), 1002],
  ['a ping in fragments', '5.5', [open(9), frame({ opcode: 0, payload: 'b' })], 1002],
  ['a pong in fragments', '5.5', open(10), 1002],
  ['a ping that is no UTF-8', '5.5.2', ping(Buffer.of(0xff, 0xfe, 0))],
  ['50 pings at once', '5.5.2', Buffer.concat(Array.from({ length: 50 }, (_, i) => ping(`${i}`)))],
  ['100 pongs at once', '5.5.3', Buffer.concat(Array.from({ length: 100 }, (_, i) => pong(`${i}`)))],
  ['a ping before a message', '5.5.2', Buffer.concat([ping('p'), text('a')])],
  ['a ping between messages', '5.5.2', Buffer.concat([text('a'), ping('p'), text('b')])],
  [
    'a ping between fragments',
    '5.4',
    Buffer.concat([open(1), ping('p'), frame({ opcode: 0, payload: 'b' })]),
  ],
  [
    'a ping between all fragments',
    '5.4',
    Buffer.concat([open(1), ping('1'), open(0), ping('2'), open(0), ping('3'), frame({ opcode: 0 })]),
  ],
  [
    'a pong between fragments',
    '5.4',
    Buffer.concat([open(2), pong('p'), frame({ opcode: 0, payload: 'b' })]),
  ],
  [
    'many pings between two fragments',
    '5.4',
    Buffer.concat([open(1), ...Array.from({ length: 30 }, () => ping('p')), frame({ opcode: 0 })]),
  ],
  [
    'a ping that is too large between fragments',
    '5.5',
    [open(1), ping(filled(200)), frame({ opcode: 0 })],
    1002,
  ],
  ['a ping behind the close frame', '5.5.1', Buffer.concat([close(1000), ping('p')])],
];

/** Texts that are UTF-8, by what is special about them. */
const wellEncoded: Readonly<Record<string, string>> = {
  'of Greek': 'κόσμε',
  'of Hebrew and Arabic': 'שלום سلام',
  'of Chinese': '協作',
  'of emoji': '👩‍💻🚀',
  'of combining marks': 'a\u0301\u0323',
  'of U+0000': '\u0000',
  'of U+007F': '\u007f',
  'of U+0080': '\u0080',
  'of U+07FF': '\u07ff',
  'of U+0800': '\u0800',
  'of U+D7FF': '\ud7ff',
  'of U+E000': '\ue000',
  'of U+FEFF': '\ufeff',
  'of U+FFFD': '\ufffd',
  'of U+FFFE': '\ufffe',
  'of U+FFFF': '\uffff',
  'of U+10000': '\u{10000}',
  'of U+1FFFE': '\u{1fffe}',
  'of U+10FFFF': '\u{10ffff}',
};

const badlyEncoded: Readonly<Record<string, readonly number[]>> = {
  'a lone continuation byte': [0x80],
  'a lone last continuation byte': [0xbf],
  'seven continuation bytes': [0x80, 0xbf, 0x80, 0xbf, 0x80, 0xbf, 0x80],
  'a start of two without its end': [0xc2],
  'a start of three without its end': [0xe2, 0x82],
  'a start of four without its end': [0xf0, 0x9f, 0x9a],
  'a start followed by a letter': [0xc2, 0x41],
  'an overlong slash of two': [0xc0, 0xaf],
  'an overlong slash of three': [0xe0, 0x80, 0xaf],
  'an overlong slash of four': [0xf0, 0x80, 0x80, 0xaf],
  'an overlong NUL': [0xc0, 0x80],
  'an overlong U+007F': [0xc1, 0xbf],
  'an overlong U+07FF': [0xe0, 0x9f, 0xbf],
  'an overlong U+FFFF': [0xf0, 0x8f, 0xbf, 0xbf],
  'the surrogate U+D800': [0xed, 0xa0, 0x80],
  'the surrogate U+DBFF': [0xed, 0xaf, 0xbf],
  'the surrogate U+DC00': [0xed, 0xb0, 0x80],
  'the surrogate U+DFFF': [0xed, 0xbf, 0xbf],
  'a pair of surrogates': [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80],
  'U+110000': [0xf4, 0x90, 0x80, 0x80],
  'a start of five': [0xf8, 0x88, 0x80, 0x80, 0x80],
  'a start of six': [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80],
  'the byte FE': [0xfe],
  'the byte FF': [0xff],
};

const texts: readonly SocketRow[] = Object.entries(wellEncoded).flatMap(([what, value]): SocketRow[] => {
  const bytes = Buffer.from(value, 'utf8');
  const single = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
  return [
    [`a text ${what}`, '8.1', text(value)],
    [`a text ${what}, a byte in each fragment`, '8.1', fragments(1, single)],
  ];
});

const badTexts: readonly SocketRow[] = Object.entries(badlyEncoded).flatMap(([what, bytes]): SocketRow[] => [
  [`a text with ${what}`, '8.1', text(Buffer.from([0x61, ...bytes])), 1007],
  [`a text with ${what} in its second fragment`, '8.1', fragments(1, ['a', Buffer.from(bytes)]), 1007],
]);

export const messageCases: readonly SocketCase[] = socketCases([
  ...fragmented,
  ...controls,
  ...texts,
  ...badTexts,
]);
