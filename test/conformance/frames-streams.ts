/** Cases of streams: their states and numbers, DATA, HEADERS and CONTINUATION. */
import {
  frame,
  frameType,
  headerBlock,
  ping,
  requestFields,
  reset,
  settingsFrame,
  windowUpdate,
} from '../support/http2-frames.ts';
import { data, endHeaders, endStream, get, headers, padded, post, whole } from './frame-case.ts';
import type { FrameCase } from './frame-case.ts';

const bytes = (...values: number[]): Buffer => Buffer.from(values);
const block = headerBlock(requestFields('/'));
const [firstPart, middlePart, lastPart] = [block.subarray(0, 10), block.subarray(10, 20), block.subarray(20)];
const continuation = (flags: number, stream: number, part: Buffer): Buffer =>
  frame(frameType.continuation, flags, stream, part);
const trailers = (flags: number, ...fields: [string, string][]): Buffer => headers(flags, 1, fields);

const stateCases: readonly FrameCase[] = [
  {
    name: 'DATA of an idle stream',
    section: '5.1',
    sent: [data(endStream, 1, 'a')],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'WINDOW_UPDATE of an idle stream',
    section: '5.1',
    sent: [windowUpdate(1, 100)],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'CONTINUATION of an idle stream',
    section: '5.1',
    sent: [continuation(endHeaders, 1, block)],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'DATA of a stream whose client has said all',
    section: '5.1',
    sent: [get(1), data(endStream, 1, 'a')],
    expected: 'goaway STREAM_CLOSED',
    mayReach: true,
  },
  {
    name: 'HEADERS of a stream whose client has said all',
    section: '5.1',
    sent: [get(1), trailers(whole, ['a', 'b'])],
    expected: 'goaway STREAM_CLOSED',
    mayReach: true,
  },
  {
    name: 'WINDOW_UPDATE of a stream whose client has said all',
    section: '5.1',
    sent: [get(1), windowUpdate(1, 100)],
    expected: 'answer 200',
  },
  {
    name: 'PRIORITY of a stream whose client has said all',
    section: '5.1',
    sent: [get(1), frame(frameType.priority, 0, 1, Buffer.alloc(5))],
    expected: 'answer 200',
  },
  {
    name: 'DATA behind the RST_STREAM of its client',
    section: '5.1',
    sent: [post(1), reset(1), data(0, 1, 'a')],
    expected: 'goaway STREAM_CLOSED',
    instead: 'alive',
    mayReach: true,
  },
  {
    name: 'HEADERS behind the RST_STREAM of their client',
    section: '5.1',
    sent: [post(1), reset(1), trailers(whole, ['a', 'b'])],
    expected: 'goaway STREAM_CLOSED',
    instead: 'alive',
    mayReach: true,
  },
  {
    name: 'WINDOW_UPDATE behind the RST_STREAM of its client',
    section: '5.1',
    sent: [post(1), reset(1), windowUpdate(1, 1), ping()],
    expected: 'alive',
    mayReach: true,
  },
  {
    name: 'a second RST_STREAM',
    section: '5.1',
    sent: [post(1), reset(1), reset(1), ping()],
    expected: 'alive',
    mayReach: true,
  },
  { name: 'an even stream', section: '5.1.1', sent: [get(2)], expected: 'goaway PROTOCOL_ERROR' },
  {
    name: 'a stream with a lower number than the last one',
    section: '5.1.1',
    sent: [get(5), get(3)],
    expected: 'goaway PROTOCOL_ERROR',
    instead: 'alive',
    mayReach: true,
  },
  {
    name: 'a number that was left out',
    section: '5.1.1',
    sent: [get(5), get(1)],
    expected: 'goaway PROTOCOL_ERROR',
    instead: 'alive',
    mayReach: true,
  },
  { name: 'HEADERS on no stream', section: '6.2', sent: [get(0)], expected: 'goaway PROTOCOL_ERROR' },
  {
    name: 'the highest number',
    section: '5.1.1',
    sent: [get(1), get(2 ** 31 - 1)],
    expected: 'answer 200',
    mayReach: true,
  },
];

const dataCases: readonly FrameCase[] = [
  { name: 'DATA on no stream', section: '6.1', sent: [data(0, 0, 'a')], expected: 'goaway PROTOCOL_ERROR' },
  {
    name: 'DATA with padding',
    section: '6.1',
    sent: [
      post(),
      frame(
        frameType.data,
        endStream | padded,
        1,
        Buffer.concat([bytes(4), Buffer.from('body'), Buffer.alloc(4)]),
      ),
    ],
    expected: 'answer 200',
    seen: { ':body': 'body' },
  },
  {
    name: 'DATA that is padding alone',
    section: '6.1',
    sent: [
      post(),
      frame(frameType.data, endStream | padded, 1, Buffer.concat([bytes(255), Buffer.alloc(255)])),
    ],
    expected: 'answer 200',
    seen: { ':body': '' },
  },
  {
    name: 'padding longer than its DATA',
    section: '6.1',
    sent: [post(), frame(frameType.data, endStream | padded, 1, bytes(5, 1, 2, 3))],
    expected: 'goaway PROTOCOL_ERROR',
    mayReach: true,
  },
  {
    name: 'padding as long as its DATA',
    section: '6.1',
    sent: [post(), frame(frameType.data, endStream | padded, 1, bytes(4, 1, 2, 3))],
    expected: 'goaway PROTOCOL_ERROR',
    mayReach: true,
  },
  {
    name: 'DATA that has no room for the length of its padding',
    section: '6.1',
    sent: [post(), frame(frameType.data, endStream | padded, 1)],
    expected: 'goaway FRAME_SIZE_ERROR',
    instead: 'goaway PROTOCOL_ERROR',
    mayReach: true,
  },
  {
    name: 'HEADERS with padding',
    section: '6.2',
    sent: [frame(frameType.headers, whole | padded, 1, Buffer.concat([bytes(9), block, Buffer.alloc(9)]))],
    expected: 'answer 200',
  },
  {
    name: 'padding longer than its HEADERS',
    section: '6.2',
    sent: [frame(frameType.headers, whole | padded, 1, Buffer.concat([bytes(255), block]))],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'DATA in many frames',
    section: '6.1',
    sent: [post(), ...Array.from({ length: 20 }, () => data(0, 1, 'ab')), data(endStream, 1)],
    expected: 'answer 200',
    seen: { ':body': 'ab'.repeat(20) },
  },
  {
    name: 'a few empty DATA frames',
    section: '6.1',
    sent: [post(), data(0, 1), data(0, 1), data(endStream, 1, 'end')],
    expected: 'answer 200',
    seen: { ':body': 'end' },
  },
];

const continuationCases: readonly FrameCase[] = [
  {
    name: 'a head in three frames',
    section: '6.10',
    sent: [
      frame(frameType.headers, endStream, 1, firstPart),
      continuation(0, 1, middlePart),
      continuation(endHeaders, 1, lastPart),
    ],
    expected: 'answer 200',
  },
  {
    name: 'a head whose frames are empty but for the last',
    section: '6.10',
    sent: [
      frame(frameType.headers, endStream, 1),
      continuation(0, 1, Buffer.alloc(0)),
      continuation(endHeaders, 1, block),
    ],
    expected: 'answer 200',
  },
  {
    name: 'CONTINUATION behind a whole head',
    section: '6.10',
    sent: [get(), continuation(endHeaders, 1, Buffer.alloc(0))],
    expected: 'goaway PROTOCOL_ERROR',
    mayReach: true,
  },
  {
    name: 'CONTINUATION behind DATA',
    section: '6.10',
    sent: [post(), data(0, 1, 'a'), continuation(endHeaders, 1, block)],
    expected: 'goaway PROTOCOL_ERROR',
    mayReach: true,
  },
  {
    name: 'CONTINUATION of another stream',
    section: '6.10',
    sent: [frame(frameType.headers, endStream, 1, firstPart), continuation(endHeaders, 3, lastPart)],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'CONTINUATION on no stream',
    section: '6.10',
    sent: [frame(frameType.headers, endStream, 1, firstPart), continuation(endHeaders, 0, lastPart)],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'DATA inside a head',
    section: '6.10',
    sent: [frame(frameType.headers, 0, 1, firstPart), data(0, 1, 'a')],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'PING inside a head',
    section: '6.10',
    sent: [frame(frameType.headers, 0, 1, firstPart), ping()],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'HEADERS inside a head',
    section: '6.10',
    sent: [frame(frameType.headers, 0, 1, firstPart), get(3)],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'SETTINGS inside a head',
    section: '6.10',
    sent: [frame(frameType.headers, 0, 1, firstPart), settingsFrame([])],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'an unknown frame inside a head',
    section: '5.5',
    sent: [frame(frameType.headers, 0, 1, firstPart), frame(0x5e, 0, 1)],
    expected: 'goaway PROTOCOL_ERROR',
  },
];

export const streamTable: readonly FrameCase[] = [...stateCases, ...dataCases, ...continuationCases];
