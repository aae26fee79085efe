/** Cases of what every connection has: the preface, frames as such, compressed blocks. */
import {
  frame,
  frameType,
  headerBlock,
  ping,
  preface,
  requestFields,
  settingsFrame,
} from '../support/http2-frames.ts';
import { data, endStream, get, post, whole } from './frame-case.ts';
import type { FrameCase } from './frame-case.ts';

const settings = settingsFrame([]);
const bytes = (...values: number[]): Buffer => Buffer.from(values);
const filled = (length: number): Buffer => Buffer.alloc(length);
/** A block that the client's compression did not make. */
const block = (payload: Buffer): Buffer => frame(frameType.headers, whole, 1, payload);
const goodBlock = headerBlock(requestFields('/'));

const prefaceCases: readonly FrameCase[] = [
  {
    name: 'a preface and SETTINGS',
    section: '3.4',
    isBare: true,
    sent: [preface, settings, get()],
    expected: 'answer 200',
  },
  {
    name: 'a preface that comes byte by byte',
    section: '3.4',
    isBare: true,
    sent: [...[...preface].map((byte) => bytes(byte)), settings, get()],
    expected: 'answer 200',
  },
  {
    name: 'a preface with another ending',
    section: '3.4',
    isBare: true,
    sent: [Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'), settings],
    expected: 'goaway PROTOCOL_ERROR',
    instead: 'goaway INTERNAL_ERROR',
  },
  {
    name: 'a request of HTTP/1.1',
    section: '3.4',
    isBare: true,
    sent: [Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    expected: 'goaway PROTOCOL_ERROR',
    instead: 'goaway INTERNAL_ERROR',
  },
  {
    name: 'a preface and PING in place of SETTINGS',
    section: '3.4',
    isBare: true,
    sent: [preface, ping()],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'a preface and HEADERS in place of SETTINGS',
    section: '3.4',
    isBare: true,
    sent: [preface, get()],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'a preface and an ACK in place of SETTINGS',
    section: '3.4',
    isBare: true,
    sent: [preface, frame(frameType.settings, 1, 0)],
    expected: 'goaway PROTOCOL_ERROR',
  },
  {
    name: 'preface, SETTINGS and a request in one write',
    section: '3.4',
    isBare: true,
    sent: [Buffer.concat([preface, settings, get()])],
    expected: 'answer 200',
  },
];

const formatCases: readonly FrameCase[] = [
  {
    name: 'a frame of an unknown type',
    section: '4.1',
    sent: [frame(0x5e, 0xff, 0, filled(20)), get()],
    expected: 'answer 200',
  },
  {
    name: 'a frame of an unknown type on a stream',
    section: '5.5',
    sent: [frame(0x5e, 0, 1, filled(20)), get()],
    expected: 'answer 200',
  },
  {
    name: 'flags that PING does not have',
    section: '4.1',
    sent: [frame(frameType.ping, 0xfe, 0, filled(8)), get()],
    expected: 'answer 200',
  },
  {
    name: 'flags that HEADERS does not have',
    section: '4.1',
    sent: [frame(frameType.headers, whole | 0x92, 1, goodBlock)],
    expected: 'answer 200',
  },
  {
    name: 'the reserved bit before a stream',
    section: '4.1',
    sent: [frame(frameType.headers, whole, 0x80000001, goodBlock)],
    expected: 'answer 200',
  },
  {
    name: 'a frame head that comes byte by byte',
    section: '4.1',
    sent: [...get()].map((byte) => bytes(byte)),
    expected: 'answer 200',
  },
  {
    name: 'DATA of the largest size',
    section: '4.2',
    sent: [post(), data(endStream, 1, 'a'.repeat(16_384))],
    expected: 'answer 200',
  },
  {
    name: 'DATA beyond the largest size',
    section: '4.2',
    sent: [post(), data(endStream, 1, filled(16_385))],
    expected: 'goaway FRAME_SIZE_ERROR',
    mayReach: true,
  },
  {
    name: 'HEADERS beyond the largest size',
    section: '4.2',
    sent: [block(filled(16_385))],
    expected: 'goaway FRAME_SIZE_ERROR',
  },
  {
    name: 'an unknown frame beyond the largest size',
    section: '4.2',
    sent: [frame(0x5e, 0, 0, filled(16_385))],
    expected: 'goaway FRAME_SIZE_ERROR',
  },
];

const compressionCases: readonly FrameCase[] = [
  {
    name: 'an index that no table has',
    section: '4.3',
    sent: [block(bytes(0xff, 0xff, 0xff, 0x07))],
    expected: 'goaway COMPRESSION_ERROR',
  },
  {
    name: 'index 0',
    section: 'RFC 7541 6.1',
    sent: [block(bytes(0x80))],
    expected: 'goaway COMPRESSION_ERROR',
  },
  {
    name: 'an index of the empty dynamic table',
    section: 'RFC 7541 2.3.3',
    sent: [block(bytes(0xbe))],
    expected: 'goaway COMPRESSION_ERROR',
  },
  {
    name: 'a block that ends in a field',
    section: '4.3',
    sent: [block(goodBlock.subarray(0, -3))],
    expected: 'goaway COMPRESSION_ERROR',
  },
  {
    name: 'a table larger than we allow',
    section: 'RFC 7541 6.3',
    sent: [block(Buffer.concat([bytes(0x3f, 0xff, 0xff, 0x03), goodBlock]))],
    expected: 'goaway COMPRESSION_ERROR',
  },
  {
    name: 'a table size behind a field',
    section: 'RFC 7541 4.2',
    sent: [block(Buffer.concat([goodBlock, bytes(0x20)]))],
    expected: 'goaway COMPRESSION_ERROR',
  },
  {
    name: 'a table size of 0 before the fields',
    section: 'RFC 7541 4.2',
    sent: [block(Buffer.concat([bytes(0x20), goodBlock]))],
    expected: 'answer 200',
  },
  {
    name: 'an integer without end',
    section: 'RFC 7541 5.1',
    sent: [block(Buffer.concat([bytes(0x3f), filled(20).fill(0xff)]))],
    expected: 'goaway COMPRESSION_ERROR',
  },
  {
    name: 'Huffman with the end symbol',
    section: 'RFC 7541 5.2',
    sent: [block(Buffer.concat([goodBlock, bytes(0, 1, 0x61, 0x84, 0xff, 0xff, 0xff, 0xff)]))],
    expected: 'goaway COMPRESSION_ERROR',
  },
  {
    name: 'Huffman padded with zeros',
    section: 'RFC 7541 5.2',
    sent: [block(Buffer.concat([goodBlock, bytes(0, 1, 0x61, 0x81, 0x00)]))],
    expected: 'goaway COMPRESSION_ERROR',
  },
  {
    name: 'Huffman padded with more than seven bits',
    section: 'RFC 7541 5.2',
    sent: [block(Buffer.concat([goodBlock, bytes(0, 1, 0x61, 0x82, 0x1f, 0xff)]))],
    expected: 'goaway COMPRESSION_ERROR',
  },
  {
    name: 'fields of the static table',
    section: 'RFC 7541 6.1',
    sent: [block(Buffer.concat([bytes(0x82, 0x87, 0x84, 0x01, 9), Buffer.from('localhost')]))],
    expected: 'answer 200',
  },
  {
    name: 'a field that is never indexed',
    section: 'RFC 7541 6.2.3',
    sent: [block(Buffer.concat([goodBlock, bytes(0x10, 1, 0x61, 1, 0x62)]))],
    expected: 'answer 200',
    seen: { a: 'b' },
  },
  {
    name: 'a field that is indexed, and used again',
    section: 'RFC 7541 6.2.1',
    sent: [block(Buffer.concat([goodBlock, bytes(0x40, 1, 0x61, 1, 0x62, 0xbe)]))],
    expected: 'answer 200',
  },
];

export const formatTable: readonly FrameCase[] = [...prefaceCases, ...formatCases, ...compressionCases];
