/** Cases of whole messages (bodies, lengths, trailers, methods), and of PUSH_PROMISE, PRIORITY and RST_STREAM. */
import {
  errorCode,
  number,
  frame,
  frameType,
  headerBlock,
  ping,
  requestFields,
  reset,
} from '../support/http2-frames.ts';
import {
  data,
  endHeaders,
  endStream,
  exactly,
  get,
  headers,
  padded,
  priority,
  post,
  postFields,
  whole,
} from './frame-case.ts';
import type { FrameCase } from './frame-case.ts';

const bytes = (...values: number[]): Buffer => Buffer.from(values);
const block = headerBlock(requestFields('/'));
const trailers = (flags: number, ...fields: [string, string][]): Buffer => headers(flags, 1, fields);

const lengthOf = (length: string): [string, string] => ['content-length', length];
const messageCases: readonly FrameCase[] = [
  {
    name: 'a body of the length that its head tells',
    section: '8.1.1',
    sent: [post(1, lengthOf('4')), data(endStream, 1, 'body')],
    expected: 'answer 200',
    seen: { ':body': 'body', 'content-length': '4' },
  },
  {
    name: 'a body without a length',
    section: '8.1',
    sent: [post(), data(endStream, 1, 'body')],
    expected: 'answer 200',
    seen: { ':body': 'body', 'transfer-encoding': 'chunked' },
  },
  {
    name: 'a body shorter than its length',
    section: '8.1.1',
    sent: [post(1, lengthOf('5')), data(endStream, 1, 'body')],
    expected: 'reset PROTOCOL_ERROR',
    mayReach: true,
  },
  {
    name: 'a body longer than its length',
    section: '8.1.1',
    sent: [post(1, lengthOf('3')), data(endStream, 1, 'body')],
    expected: 'reset PROTOCOL_ERROR',
    instead: 'goaway INTERNAL_ERROR',
    mayReach: true,
  },
  {
    name: 'a length and no body',
    section: '8.1.1',
    sent: [get(1, lengthOf('4'))],
    expected: 'reset PROTOCOL_ERROR',
  },
  {
    name: 'a length of 0 and no body',
    section: '8.1.1',
    sent: [get(1, lengthOf('0'))],
    expected: 'answer 200',
    seen: { 'content-length': '0' },
  },
  {
    name: 'a length of 0 and an empty body',
    section: '8.1.1',
    sent: [post(1, lengthOf('0')), data(endStream, 1)],
    expected: 'answer 200',
  },
  {
    name: 'two lengths',
    section: '8.1.1',
    sent: [post(1, lengthOf('4'), lengthOf('4')), data(endStream, 1, 'body')],
    expected: 'reset PROTOCOL_ERROR',
  },
  {
    name: 'a length with a sign',
    section: '8.1.1',
    sent: [post(1, lengthOf('+4')), data(endStream, 1, 'body')],
    expected: 'reset PROTOCOL_ERROR',
  },
  {
    name: 'a length that is a list',
    section: '8.1.1',
    sent: [post(1, lengthOf('4, 4')), data(endStream, 1, 'body')],
    expected: 'reset PROTOCOL_ERROR',
  },
  {
    name: 'an empty length',
    section: '8.1.1',
    sent: [post(1, lengthOf('')), data(endStream, 1, 'body')],
    expected: 'reset PROTOCOL_ERROR',
  },
  {
    name: 'trailers',
    section: '8.1',
    sent: [post(), data(0, 1, 'body'), trailers(whole, ['x-sum', '1'])],
    expected: 'answer 200',
    seen: { ':body': 'body' },
  },
  {
    name: 'trailers without DATA',
    section: '8.1',
    sent: [post(), trailers(whole, ['x-sum', '1'])],
    expected: 'answer 200',
    seen: { ':body': '' },
  },
  {
    name: 'trailers behind which more comes',
    section: '8.1',
    sent: [post(), data(0, 1, 'body'), trailers(endHeaders, ['x-sum', '1'])],
    expected: 'reset PROTOCOL_ERROR',
    mayReach: true,
  },
  {
    name: 'trailers with a pseudo-header field',
    section: '8.1',
    sent: [post(), data(0, 1, 'body'), trailers(whole, [':path', '/other'])],
    expected: 'reset PROTOCOL_ERROR',
    mayReach: true,
  },
  {
    name: 'trailers with an upper-case name',
    section: '8.2.1',
    sent: [post(), data(0, 1, 'body'), trailers(whole, ['X-Sum', '1'])],
    expected: 'reset PROTOCOL_ERROR',
    mayReach: true,
  },
  {
    name: 'trailers with a coding',
    section: '8.2.2',
    sent: [post(), data(0, 1, 'body'), trailers(whole, ['transfer-encoding', 'chunked'])],
    expected: 'reset PROTOCOL_ERROR',
    mayReach: true,
  },
  {
    name: 'a key in the trailers changes nothing',
    section: 'RFC 9110 6.5.1',
    sent: [post(1, ['ctstickiness', 'one']), data(0, 1, 'body'), trailers(whole, ['ctstickiness', 'two'])],
    expected: 'answer 200',
    seen: { ctstickiness: 'one' },
  },
  {
    name: 'HEAD',
    section: '8.1',
    sent: [exactly([':method', 'HEAD'], ...requestFields('/').slice(1))],
    expected: 'answer 200',
    seen: { ':method': 'HEAD' },
  },
  {
    name: 'OPTIONS of a path',
    section: '8.3.1',
    sent: [exactly([':method', 'OPTIONS'], ...requestFields('/a').slice(1))],
    expected: 'answer 200',
    seen: { ':method': 'OPTIONS', ':path': '/a' },
  },
  {
    name: 'TRACE with a body',
    section: 'RFC 9110 9.3.8',
    sent: [
      headers(endHeaders, 1, [[':method', 'TRACE'], ...requestFields('/').slice(1)]),
      data(endStream, 1, 'a'),
    ],
    expected: 'answer 400',
  },
  {
    name: 'a body in the same write as its head',
    section: '8.1',
    sent: [Buffer.concat([headers(endHeaders, 1, postFields()), data(endStream, 1, 'body')])],
    expected: 'answer 200',
    seen: { ':body': 'body' },
  },
];

const pushCases: readonly FrameCase[] = [
  {
    name: 'PUSH_PROMISE of a client',
    section: '6.6',
    sent: [get(), frame(frameType.pushPromise, endHeaders, 1, Buffer.concat([number(2), block]))],
    expected: 'goaway PROTOCOL_ERROR',
    mayReach: true,
  },
  {
    name: 'PRIORITY of an idle stream',
    section: '6.3',
    sent: [frame(frameType.priority, 0, 1, Buffer.alloc(5)), get()],
    expected: 'answer 200',
  },
  {
    name: 'PRIORITY on no stream',
    section: '6.3',
    sent: [frame(frameType.priority, 0, 0, Buffer.alloc(5))],
    expected: 'goaway PROTOCOL_ERROR',
    instead: 'alive',
  },
  {
    name: 'PRIORITY of four bytes',
    section: '6.3',
    sent: [post(), frame(frameType.priority, 0, 1, Buffer.alloc(4))],
    expected: 'goaway FRAME_SIZE_ERROR',
    mayReach: true,
  },
  {
    name: 'HEADERS with a priority',
    section: '6.2',
    sent: [frame(frameType.headers, whole | priority, 1, Buffer.concat([Buffer.alloc(5), block]))],
    expected: 'answer 200',
  },
  {
    name: 'HEADERS with a priority and padding',
    section: '6.2',
    sent: [
      frame(
        frameType.headers,
        whole | priority | padded,
        1,
        Buffer.concat([bytes(3), Buffer.alloc(5), block, Buffer.alloc(3)]),
      ),
    ],
    expected: 'answer 200',
  },
  {
    name: 'RST_STREAM of three bytes',
    section: '6.4',
    sent: [post(), frame(frameType.reset, 0, 1, Buffer.alloc(3))],
    expected: 'goaway FRAME_SIZE_ERROR',
    mayReach: true,
  },
  { name: 'RST_STREAM on no stream', section: '6.4', sent: [reset(0)], expected: 'goaway PROTOCOL_ERROR' },
  {
    name: 'RST_STREAM with an unknown code',
    section: '7',
    sent: [post(), reset(1, 0xdead), ping()],
    expected: 'alive',
    mayReach: true,
  },
  {
    name: 'RST_STREAM of an idle stream',
    section: '5.1',
    sent: [reset(1, errorCode.cancel)],
    expected: 'goaway PROTOCOL_ERROR',
  },
];

export const messageTable: readonly FrameCase[] = [...messageCases, ...pushCases];
