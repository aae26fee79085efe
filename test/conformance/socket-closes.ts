/** Close frames: codes that may be sent and those that may not, reasons, and what comes behind them. */
import { close, filled, frame, ping, plain, text } from './socket-case.ts';
import type { SocketCase } from './socket-case.ts';

type CloseRow = readonly [
  name: string,
  source: string,
  writes: readonly Buffer[],
  expected: SocketCase['expected'],
];

const valid = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4400, 4999,
];
const invalid = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];

const rows: readonly CloseRow[] = [
  ...valid.flatMap((code): CloseRow[] => [
    [`the code ${code}`, '7.4', [close(code)], code],
    [`the code ${code} with a reason`, '7.4', [close(code, 'over and out')], code],
  ]),
  ...invalid.map((code): CloseRow => [`the code ${code}`, '7.4.2', [close(code)], 1002]),
  ['a close frame without a code', '5.5.1', [close()], 1005],
  ['a close frame of one byte', '5.5.1', [frame({ opcode: 8, payload: Buffer.of(3) })], 1002],
  ['a reason of 123 bytes', '5.5', [close(1000, filled(123))], 1000],
  ['a reason of 124 bytes', '5.5', [close(1000, filled(124))], 1002],
  ['a reason of Chinese', '5.5.1', [close(1000, '協作')], 1000],
  ['a reason that is no UTF-8', '8.1', [frame({ opcode: 8, payload: Buffer.of(3, 232, 0xc0, 0xaf) })], 1007],
  [
    'a reason that ends inside a character',
    '8.1',
    [frame({ opcode: 8, payload: Buffer.of(3, 232, 0xe2, 0x82) })],
    1007,
  ],
  [
    'a close frame in fragments',
    '5.5',
    [frame({ opcode: 8, payload: Buffer.of(3, 232), isFinal: false })],
    1002,
  ],
  [
    'a close frame with a length of 16 bits',
    '5.5',
    [frame({ opcode: 8, payload: Buffer.of(3, 232), lengthForm: 16 })],
    1002,
  ],
  ['a message, then a close frame', '5.5.1', [text('a'), close(1000)], 1000],
  ['a message behind the close frame', '5.5.1', [Buffer.concat([close(1000), text('a')])], 1000],
  ['a ping behind the close frame', '5.5.1', [Buffer.concat([close(1000), ping('a')])], 1000],
  ['two close frames', '5.5.1', [Buffer.concat([close(1000), close(1001)])], 1000],
  ['nonsense behind the close frame', '5.5.1', [Buffer.concat([close(1000), Buffer.alloc(100, 255)])], 1000],
  [
    'a close frame inside a message',
    '5.4',
    [frame({ opcode: 1, payload: 'a', isFinal: false }), close(1001)],
    1001,
  ],
  ['a close frame in single bytes', '5.5.1', Array.from(close(1001, 'bye'), (byte) => Buffer.of(byte)), 1001],
];

export const closeCases: readonly SocketCase[] = rows.map(([name, source, writes, expected]) => ({
  name: `closing: ${name}`,
  source,
  writes,
  expected,
  ending: 'close-frame',
  handshake: plain,
}));
