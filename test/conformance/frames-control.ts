/** Cases of frames that steer: SETTINGS, PING, GOAWAY, WINDOW_UPDATE. */
import { frame, frameType, number, ping, settingsFrame, windowUpdate } from '../support/http2-frames.ts';
import { get, post } from './frame-case.ts';
import type { FrameCase } from './frame-case.ts';

const filled = (length: number): Buffer => Buffer.alloc(length);
/** A block that the client's compression did not make. */
const largest = 2 ** 31 - 1;

const settingsCases: readonly FrameCase[] = [
  {
    name: 'SETTINGS on a stream',
    section: '6.5',
    sent: [frame(frameType.settings, 0, 1)],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'an ACK with a payload',
    section: '6.5',
    sent: [frame(frameType.settings, 1, 0, filled(6))],
    expected: 'goaway FRAME_SIZE_ERROR',
  },
  {
    name: 'SETTINGS of five bytes',
    section: '6.5',
    sent: [frame(frameType.settings, 0, 0, filled(5))],
    expected: 'goaway FRAME_SIZE_ERROR',
  },
  {
    name: 'SETTINGS of seven bytes',
    section: '6.5',
    sent: [frame(frameType.settings, 0, 0, filled(7))],
    expected: 'goaway FRAME_SIZE_ERROR',
  },
  {
    name: 'an ACK that nobody waits for',
    section: '6.5.3',
    sent: [frame(frameType.settings, 1, 0), get()],
    expected: 'answer 200',
    instead: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'ENABLE_PUSH of 2',
    section: '6.5.2',
    sent: [settingsFrame([[2, 2]])],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'ENABLE_PUSH of 0',
    section: '6.5.2',
    sent: [settingsFrame([[2, 0]]), get()],
    expected: 'answer 200',
  },
  {
    name: 'an initial window beyond 2^31-1',
    section: '6.5.2',
    sent: [settingsFrame([[4, 2 ** 31]])],
    expected: 'goaway FLOW_CONTROL_ERROR',
  },
  {
    name: 'a frame size below 16,384',
    section: '6.5.2',
    sent: [settingsFrame([[5, 16_383]])],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'a frame size beyond 2^24-1',
    section: '6.5.2',
    sent: [settingsFrame([[5, 2 ** 24]])],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'an unknown setting',
    section: '6.5.2',
    sent: [settingsFrame([[0x7a7a, 1]]), get()],
    expected: 'answer 200',
  },
  {
    name: 'the same setting twice',
    section: '6.5.3',
    sent: [
      settingsFrame([
        [4, 1],
        [4, 65_535],
      ]),
      get(),
    ],
    expected: 'answer 200',
  },
  {
    name: 'ENABLE_CONNECT_PROTOCOL of 2',
    section: 'RFC 8441 3',
    sent: [settingsFrame([[8, 2]])],
    expected: 'goaway PROTOCOL_ERROR',
  },
  { name: 'a table size of 0', section: '6.5.2', settings: [[1, 0]], sent: [get()], expected: 'answer 200' },
];

const pingCases: readonly FrameCase[] = [
  { name: 'PING', section: '6.7', sent: [ping('abcdefgh')], expected: 'alive' },
  {
    name: 'PING on a stream',
    section: '6.7',
    sent: [frame(frameType.ping, 0, 1, filled(8))],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'PING of seven bytes',
    section: '6.7',
    sent: [frame(frameType.ping, 0, 0, filled(7))],
    expected: 'goaway FRAME_SIZE_ERROR',
  },
  {
    name: 'PING of nine bytes',
    section: '6.7',
    sent: [frame(frameType.ping, 0, 0, filled(9))],
    expected: 'goaway FRAME_SIZE_ERROR',
  },
  {
    name: 'an answer to no PING',
    section: '6.7',
    sent: [frame(frameType.ping, 1, 0, filled(8)), get()],
    expected: 'answer 200',
    instead: 'goaway INTERNAL_ERROR',
  },
  {
    name: 'GOAWAY on a stream',
    section: '6.8',
    sent: [frame(frameType.goaway, 0, 1, filled(8))],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'GOAWAY of seven bytes',
    section: '6.8',
    sent: [frame(frameType.goaway, 0, 0, filled(7))],
    expected: 'goaway FRAME_SIZE_ERROR',
  },
  {
    name: 'GOAWAY without an error',
    section: '6.8',
    sent: [frame(frameType.goaway, 0, 0, filled(8))],
    expected: 'goaway NO_ERROR',
  },
  {
    name: 'GOAWAY behind a request that waits for its answer',
    section: '6.8',
    sent: [get(), frame(frameType.goaway, 0, 0, filled(8))],
    expected: 'goaway NO_ERROR',
    mayReach: true,
  },
];

const windowCases: readonly FrameCase[] = [
  {
    name: 'WINDOW_UPDATE of the connection',
    section: '6.9',
    sent: [windowUpdate(0, 1_000), get()],
    expected: 'answer 200',
  },
  {
    name: 'WINDOW_UPDATE of 0 of the connection',
    section: '6.9',
    sent: [windowUpdate(0, 0)],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'WINDOW_UPDATE of 0 of a stream',
    section: '6.9',
    sent: [post(), windowUpdate(1, 0)],
    expected: 'goaway PROTOCOL_ERROR',
    mayReach: true,
  },
  {
    name: 'WINDOW_UPDATE of three bytes',
    section: '6.9',
    sent: [frame(frameType.windowUpdate, 0, 0, filled(3))],
    expected: 'goaway FRAME_SIZE_ERROR',
  },
  {
    name: 'a window of the connection beyond 2^31-1',
    section: '6.9.1',
    sent: [windowUpdate(0, largest)],
    expected: 'goaway FLOW_CONTROL_ERROR',
  },
  {
    name: 'a window of a stream beyond 2^31-1',
    section: '6.9.1',
    sent: [post(), windowUpdate(1, largest)],
    expected: 'goaway FLOW_CONTROL_ERROR',
    mayReach: true,
  },
  {
    name: 'a setting that takes the window of a stream beyond 2^31-1',
    section: '6.9.2',
    sent: [post(), windowUpdate(1, largest - 65_535), settingsFrame([[4, 65_536]])],
    expected: 'goaway FLOW_CONTROL_ERROR',
    mayReach: true,
  },
  {
    name: 'an initial window of 0, opened later',
    section: '6.9.2',
    settings: [[4, 0]],
    sent: [get(), windowUpdate(1, 1_000)],
    expected: 'answer 200',
  },
  {
    name: 'an initial window of 0, raised by a setting',
    section: '6.9.2',
    settings: [[4, 0]],
    sent: [get(), settingsFrame([[4, 65_535]])],
    expected: 'answer 200',
  },
  {
    name: 'the reserved bit of WINDOW_UPDATE',
    section: '6.9',
    sent: [frame(frameType.windowUpdate, 0, 0, number(0x80000001)), get()],
    expected: 'answer 200',
  },
];

export const controlTable: readonly FrameCase[] = [...settingsCases, ...pingCases, ...windowCases];
