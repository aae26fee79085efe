/** Lost connections, by table: what was lost with one is sent again, exactly, or the gap is declared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CoreSession,
  answer,
  askToJoin,
  broadcast,
  comeBack,
  confirmAll,
  connect,
  connectionOf,
  disconnect,
  leave,
  notify,
  request,
  resume,
  streamOf,
  testEpoch,
} from '../../test/support/oct-core.ts';
import { play, testRows } from '../../test/support/oct-table.ts';
import { outboxMaxAgeMs, outboxMaxMessages } from './outbox.ts';
import { canResume } from './session-arrival.ts';
import type { Command } from './session-command.ts';

const both = [connect('ann'), connect('bob')];
/** Four of them are kept, the fifth is too much. */
const long = 'x'.repeat(400);
const greeted = ['bob-2 < you are bob', 'ann-1 < bob joined'];

function say(...texts: readonly string[]): readonly Command[] {
  return texts.map((text) => notify('ann', 'bob', { text }));
}

testRows('resume', both, [
  {
    promise: 'what was lost with the connection is sent again, then what was said meanwhile',
    given: [...say('1', '2', '3'), disconnect('bob'), broadcast('ann', { text: '4', keys: ['bob'] })],
    when: comeBack('bob', { lost: 2 }),
    gives: [
      'resumed bob',
      'bob-2 < notification of ann: 2',
      'bob-2 < notification of ann: 3',
      'bob-2 < broadcast of ann: 4',
    ],
  },
  {
    promise: 'a connection that hangs gives way, and all that it swallowed is sent again',
    given: say('1', '2'),
    when: comeBack('bob', { lost: 2 }),
    gives: ['expel bob-1', 'resumed bob', 'bob-2 < notification of ann: 1', 'bob-2 < notification of ann: 2'],
  },
  {
    promise: 'what the client has confirmed is never sent again',
    given: [...say('1', '2'), confirmAll('bob'), ...say('3'), disconnect('bob')],
    when: comeBack('bob', { lost: 1 }),
    gives: ['resumed bob', 'bob-2 < notification of ann: 3'],
  },
  {
    promise: 'a confirmation through a connection that was replaced does not count',
    given: [comeBack('bob'), ...say('1'), confirmAll('bob', 1), disconnect('bob', 2)],
    when: comeBack('bob', { nth: 3, lost: 1 }),
    gives: ['resumed bob', 'bob-3 < notification of ann: 1'],
  },
  {
    promise: 'a client that has heard nothing at all gets everything from its introduction on',
    given: [...say('1'), disconnect('bob')],
    when: resume('bob', { offset: undefined }),
    gives: ['resumed bob', 'bob-2 < you are bob', 'bob-2 < notification of ann: 1'],
  },
  {
    promise: 'a request and its answer survive the connection that was to carry them',
    given: [request('ann', 'bob', { id: 5 }), disconnect('bob')],
    when: comeBack('bob', { lost: 1 }),
    gives: ['resumed bob', 'bob-2 < request r1 of ann: q'],
  },
  {
    promise: 'an answer that was lost with the connection is sent again',
    given: [request('bob', 'ann', { id: 5 }), answer('ann', 'bob'), disconnect('bob')],
    when: comeBack('bob', { lost: 1 }),
    gives: ['resumed bob', 'bob-2 < answer to 5: a'],
  },
  {
    promise: 'a join question that was lost with the connection is asked again, once',
    given: [askToJoin('cid'), disconnect('ann')],
    when: comeBack('ann', { lost: 1 }),
    gives: ['resumed ann', 'ann-2 < may cid join as question-cid-1?'],
  },
]);

testRows('gap', both, [
  {
    promise: 'who missed more bytes than are kept is greeted as a newcomer, with nothing of the rest',
    given: [disconnect('bob'), ...say(long, long, long, long, long)],
    when: comeBack('bob', { isTold: false }),
    gives: ['gap of bob: outbox-bytes-exceeded', ...greeted],
  },
  {
    promise: 'what is kept is enough for who has heard what was dropped',
    given: [...say(long), disconnect('bob'), ...say('1', '2', '3', '4')],
    when: comeBack('bob'),
    gives: ['resumed bob', ...['1', '2', '3', '4'].map((text) => `bob-2 < notification of ann: ${text}`)],
  },
  {
    promise: 'an offset that was never given out is a gap',
    given: [disconnect('bob')],
    when: resume('bob', { offset: `${testEpoch}.99`, isTold: false }),
    gives: ['gap of bob: offset-unknown', ...greeted],
  },
  {
    promise: 'an offset of a later epoch is a gap: this edge is not the last that had the session',
    given: [disconnect('bob')],
    when: resume('bob', { offset: `${testEpoch + 1}.1`, isTold: false }),
    gives: ['gap of bob: offset-unknown', ...greeted],
  },
  {
    promise: 'an offset that is none is a gap',
    given: [disconnect('bob')],
    when: resume('bob', { offset: 'nonsense', isTold: false }),
    gives: ['gap of bob: offset-unknown', ...greeted],
  },
  {
    promise: 'requests that are open on either side of a gap fail at once',
    given: [
      request('ann', 'bob', { id: 1 }),
      request('bob', 'ann', { id: 2, relayId: 'r2' }),
      disconnect('bob'),
    ],
    when: resume('bob', { offset: 'nonsense', isTold: false }),
    gives: ['gap of bob: offset-unknown', 'ann-1 < failure of 1', 'bob-2 < failure of 2', ...greeted],
  },
  {
    promise: 'a host with a gap keeps its session, hears who is there, and is asked again who may join',
    given: [
      askToJoin('cid'),
      disconnect('ann'),
      ...[1, 2, 3, 4, 5].map(() => notify('bob', 'ann', { text: long })),
    ],
    when: comeBack('ann', { isTold: false }),
    gives: [
      'gap of ann: outbox-bytes-exceeded',
      'ann-2 < you are ann',
      'bob-1 < ann joined',
      'ann-2 < bob joined',
      'ann-2 < may cid join as question-cid-1?',
    ],
  },
  {
    promise: 'who was told that it resumes, and has a gap since, is turned away to be told of it',
    given: [disconnect('bob'), ...say(long, long, long, long, long)],
    when: comeBack('bob'),
    gives: ['turn-away bob-2: outbox-bytes-exceeded'],
  },
  {
    promise: 'who was told that it resumes, and is no member any more, is turned away to join anew',
    given: [leave('bob')],
    when: comeBack('bob'),
    gives: ['turn-away bob-2: offset-unknown'],
  },
  {
    promise: 'after a gap the next lost connection is resumed exactly',
    given: [
      disconnect('bob'),
      resume('bob', { offset: 'nonsense', isTold: false }),
      notify('ann', 'bob'),
      disconnect('bob', 2),
    ],
    when: ({ state }) => {
      const { stream, outbox } = [...state.members.values()][1]!;
      const offset = `${testEpoch}.${outbox.last - 1}`;
      return { ...resume('bob', { nth: 3, offset }), stream, resumes: { stream, offset } };
    },
    gives: ['resumed bob', 'bob-3 < notification of ann: hi'],
  },
]);

test('who is away longer than messages are kept has a gap', () => {
  const session = new CoreSession({ hostGraceMs: 2 * outboxMaxAgeMs });
  for (const step of [...both, disconnect('ann'), notify('bob', 'ann'), outboxMaxAgeMs]) play(session, step);
  const member = session.state.members.get('ann' as never)!;
  assert.deepEqual([member.outbox.bytes, member.outbox.chunks], [0, []], 'nothing is kept longer');
  assert.deepEqual(play(session, comeBack('ann', { isTold: false })).slice(0, 1), [
    'gap of ann: outbox-age-exceeded',
  ]);
});

test('who misses more messages than are kept has a gap, and not one message earlier', () => {
  const session = new CoreSession({ outboxMaxBytes: Infinity });
  for (const step of [...both, disconnect('bob')]) play(session, step);
  for (let i = 0; i < outboxMaxMessages; i++) play(session, notify('ann', 'bob'));
  const offset = session.offsetOf('bob', 0);
  assert.ok(canResume(session.state, { stream: streamOf('bob'), offset }));
  play(session, notify('ann', 'bob'));
  assert.ok(!canResume(session.state, { stream: streamOf('bob'), offset }));
  assert.deepEqual(play(session, comeBack('bob', { isTold: false }))[0], 'gap of bob: outbox-count-exceeded');
});

test('an old offset never passes for one of a new stream, though its client heard nothing of it', () => {
  const session = new CoreSession();
  for (const step of [...both, ...say('1', '2', '3')]) play(session, step);
  const offset = session.offsetOf('bob', 0);
  play(session, leave('bob'));
  for (const step of [connect('bob', { nth: 2 }), ...say('4', '5', '6'), disconnect('bob', 2)])
    play(session, step);
  assert.deepEqual(play(session, resume('bob', { nth: 3, offset })), [
    'resumed bob',
    'bob-3 < you are bob',
    ...['4', '5', '6'].map((text) => `bob-3 < notification of ann: ${text}`),
  ]);
});

test('a frozen session keeps what is said, sends nothing, and lets nobody in', () => {
  const session = new CoreSession();
  for (const step of [...both, { kind: 'freeze' } as const]) play(session, step);
  assert.deepEqual(play(session, notify('ann', 'bob', { text: '1' })), []);
  assert.deepEqual(play(session, disconnect('bob')), []);
  assert.deepEqual(play(session, comeBack('bob')), ['turn-away bob-2: edge-leaving']);
  const { outbox } = session.state.members.get('bob' as never)!;
  assert.equal(outbox.chunks.flat().length, 2, 'the introduction, unconfirmed, and what was said');
  assert.ok(!session.state.connections.has(connectionOf('bob')));
});
