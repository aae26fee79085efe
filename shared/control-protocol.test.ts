/** The control messages: what each direction takes, with bounds, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  controlMessageMaxBytes,
  edgeMessageSchema,
  frontDoorMessageSchema,
  parseControlMessage,
  reportKeysMax,
} from './control-protocol.ts';
import type { EdgeHello, EdgeMessage, EdgeReport } from './control-protocol.ts';

const hello: EdgeHello = {
  type: 'hello',
  protocol: 1,
  edgeId: 'edge-1',
  bootId: 'boot-0001',
  address: 'http://127.0.0.1:3001',
  adminAddress: 'http://127.0.0.1:1090',
  version: '0.1.0',
  weight: 100,
  sessionsMax: 2_000,
  region: 'default',
  clusterHash: 'hash',
};

const report: EdgeReport = {
  type: 'report',
  sequence: 1,
  state: 'ready',
  load: {
    sessions: 1,
    members: 2,
    users: 2,
    sockets: { websocket: 2, polling: 0 },
    messagesPerSecond: 0.5,
    bytesPerSecond: 10,
    eventLoopDelayMs: { p50: 1, p99: 2, max: 3 },
    eventLoopUtilisation: 0.1,
    rssBytes: 1,
    heapUsedBytes: 1,
    outboxBytes: 0,
  },
  lastEpoch: 7,
  idle: [{ key: 'k1', epoch: 3 }],
  live: [],
};

function parse(value: unknown): EdgeMessage | undefined {
  return parseControlMessage(edgeMessageSchema, JSON.stringify(value));
}

test('every message of an edge arrives as it was sent', () => {
  for (const message of [hello, report, { type: 'farewell' }]) assert.deepEqual(parse(message), message);
});

test('every message of a front door arrives as it was sent', () => {
  const messages = [
    { type: 'welcome', incarnation: 1, door: 'a door of a test' },
    { type: 'lease', sequence: 1, renewed: false },
    { type: 'farewell-taken' },
  ];
  for (const message of messages) {
    assert.deepEqual(parseControlMessage(frontDoorMessageSchema, JSON.stringify(message)), message);
    assert.equal(parse(message), undefined, 'an edge cannot say it');
  }
});

const faults: readonly (readonly [what: string, message: unknown])[] = [
  ['of no type', { ...hello, type: undefined }],
  ['of an unknown type', { type: 'shutdown' }],
  ['that is a list', [hello]],
  ['that is nothing', null],
  ['hello with a short boot id', { ...hello, bootId: 'short' }],
  ['hello with an address that is no URL', { ...hello, address: 'edge 1' }],
  ['hello with an address without its scheme', { ...hello, address: 'edge-1:3001' }],
  ['hello with an address of another scheme', { ...hello, address: 'ftp://edge-1:3001' }],
  ['hello with a weight of nothing', { ...hello, weight: 0 }],
  ['hello with too much weight', { ...hello, weight: 1_001 }],
  ['hello with a weight that is no whole number', { ...hello, weight: 1.5 }],
  ['hello with room for no session', { ...hello, sessionsMax: 0 }],
  ['hello without the hash of the settings', { ...hello, clusterHash: undefined }],
  ['report of a state that only the front door decides', { ...report, state: 'suspect' }],
  ['report with a negative load', { ...report, load: { ...report.load, sessions: -1 } }],
  ['report with half a session', { ...report, load: { ...report.load, sessions: 0.5 } }],
  ['report with a figure that is no number', { ...report, load: { ...report.load, bytesPerSecond: null } }],
  ['report with a negative epoch', { ...report, idle: [{ key: 'k', epoch: -1 }] }],
  ['report with an epoch past every safe integer', { ...report, idle: [{ key: 'k', epoch: 2 ** 53 }] }],
];

for (const [what, message] of faults) {
  test(`refused: a message ${what}`, () => assert.equal(parse(message), undefined));
}

test('a report names so many keys and no more, and a full one fits into a message', () => {
  const keys = (count: number): EdgeReport['idle'] =>
    Array.from({ length: count }, () => ({ key: 'k'.repeat(128), epoch: Number.MAX_SAFE_INTEGER }));
  const full = { ...report, idle: keys(reportKeysMax), live: keys(reportKeysMax) };
  assert.ok(parse(full) !== undefined);
  assert.ok(Buffer.byteLength(JSON.stringify(full)) <= controlMessageMaxBytes);
  assert.equal(parse({ ...report, idle: keys(reportKeysMax + 1) }), undefined);
});

test('no text makes the parser throw', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.constant(JSON.stringify(hello).slice(0, -1)),
  );
  fc.assert(
    fc.property(text, (hostile) => {
      assert.equal(parseControlMessage(edgeMessageSchema, hostile), undefined);
    }),
  );
});
