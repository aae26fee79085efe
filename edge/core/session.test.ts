/** Who is in a session, by table: arrival, absence, departure and the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CoreSession,
  askToJoin,
  broadcast,
  comeBack,
  connect,
  disconnect,
  leave,
  notify,
  request,
  answer,
} from '../../test/support/oct-core.ts';
import { play, testRows } from '../../test/support/oct-table.ts';
import type { Command } from './session-command.ts';
import { guestGraceMs } from './session-roster.ts';

const both = [connect('ann'), connect('bob')];
const three = [...both, connect('cid')];
const full = [...three, connect('dan')];
testRows(
  'arrival',
  [],
  [
    {
      promise: 'a host is told who it is',
      when: connect('ann'),
      gives: ['joined ann', 'ann-1 < you are ann'],
    },
    {
      promise: 'a guest is told who it is, and the others hear of it',
      given: [connect('ann')],
      when: connect('bob'),
      gives: ['joined bob', 'bob-1 < you are bob', 'ann-1 < bob joined'],
    },
    {
      promise: 'a host who comes after its guests hears who is there, to greet them',
      given: [connect('bob')],
      when: connect('ann'),
      gives: ['joined ann', 'ann-1 < you are ann', 'bob-1 < ann joined', 'ann-1 < bob joined'],
    },
    {
      promise: 'a session that is full turns newcomers away',
      given: full,
      when: connect('eve'),
      gives: ['turn-away eve-1: session-full'],
    },
    {
      promise: 'a full session takes a member back',
      given: [...full, disconnect('dan')],
      when: comeBack('dan'),
      gives: ['resumed dan'],
    },
  ],
);

testRows('absence', both, [
  { promise: 'a member who is away is not gone', when: disconnect('bob'), gives: [] },
  {
    promise: 'who comes back gets what waited, in order, and is not announced again',
    given: [
      disconnect('bob'),
      notify('ann', 'bob', { text: '1' }),
      broadcast('ann', { text: '2', keys: ['bob'] }),
    ],
    when: comeBack('bob'),
    gives: ['resumed bob', 'bob-2 < notification of ann: 1', 'bob-2 < broadcast of ann: 2'],
  },
  {
    promise: 'what waited is sent once',
    given: [disconnect('bob'), notify('ann', 'bob'), comeBack('bob'), disconnect('bob', 2)],
    when: comeBack('bob', { nth: 3 }),
    gives: ['resumed bob'],
  },
  {
    promise: 'a second connection of the same client takes the place of the first',
    when: comeBack('bob'),
    gives: ['expel bob-1', 'resumed bob'],
  },
  {
    promise: 'the end of a connection that was replaced does not count',
    given: [comeBack('bob'), disconnect('bob')],
    when: notify('ann', 'bob'),
    gives: ['bob-2 < notification of ann: hi'],
  },
  {
    promise: 'what comes through a connection that was replaced does not count',
    given: [comeBack('bob')],
    when: notify('bob', 'ann'),
    gives: [],
  },
  {
    promise: 'a client that was started anew is introduced anew, without what it cannot read',
    given: [disconnect('bob'), notify('ann', 'bob')],
    when: connect('bob', { nth: 2, client: 2 }),
    gives: ['joined bob', 'bob-2 < you are bob', 'ann-1 < bob joined'],
  },
  {
    promise: 'a client that was started anew gets no answer to what the one before it asked',
    given: [request('bob', 'ann'), connect('bob', { nth: 2, client: 2 })],
    when: answer('ann', 'bob'),
    gives: [],
  },
  {
    promise: 'a request to a client that was started anew since has failed',
    given: [request('ann', 'bob', { id: 7 }), disconnect('bob')],
    when: connect('bob', { nth: 2, client: 2 }),
    gives: ['ann-1 < failure of 7', 'joined bob', 'bob-2 < you are bob', 'ann-1 < bob joined'],
  },
  {
    promise: 'a guest who stays away leaves',
    given: [disconnect('bob'), guestGraceMs - 1],
    when: 1,
    gives: ['left bob: away-too-long', 'ann-1 < bob left'],
  },
  {
    promise: 'a guest who is back in time stays',
    given: [disconnect('bob'), guestGraceMs - 1, comeBack('bob')],
    when: guestGraceMs,
    gives: [],
  },
  {
    promise: 'a host who stays away ends the session',
    given: [disconnect('ann'), 19_999],
    when: 1,
    gives: ['bob-1 < closed by ann: host-away-too-long', 'expel bob-1', 'ended: host-away-too-long'],
  },
  {
    promise: 'a host who is back in time goes on',
    given: [disconnect('ann'), 19_999, comeBack('ann')],
    when: guestGraceMs,
    gives: [],
  },
]);

testRows('departure', three, [
  {
    promise: 'a guest who leaves is gone for the others and sent away',
    when: leave('bob'),
    gives: ['left bob: left', 'ann-1 < bob left', 'cid-1 < bob left', 'expel bob-1'],
  },
  { promise: 'nobody leaves twice', given: [leave('bob')], when: leave('bob'), gives: [] },
  { promise: 'who has left gets nothing', given: [leave('bob')], when: notify('ann', 'bob'), gives: [] },
  {
    promise: 'who has left and has a token still comes back as a newcomer',
    given: [leave('bob')],
    when: connect('bob', { nth: 2 }),
    gives: ['joined bob', 'bob-2 < you are bob', 'ann-1 < bob joined', 'cid-1 < bob joined'],
  },
  {
    promise: 'a request to who has left has failed',
    given: [request('cid', 'bob', { id: 'x' as never })],
    when: leave('bob'),
    gives: ['left bob: left', 'ann-1 < bob left', 'cid-1 < bob left', 'cid-1 < failure of x', 'expel bob-1'],
  },
  {
    promise: 'a host who leaves ends the session',
    given: [askToJoin('dan')],
    when: leave('ann'),
    gives: [
      'expel ann-1',
      'bob-1 < closed by ann: host-left',
      'expel bob-1',
      'cid-1 < closed by ann: host-left',
      'expel cid-1',
      'join-dan-1 session-ended',
      'join-dan-1 forgotten',
      'ended: host-left',
    ],
  },
]);

test('after its end a session does nothing, whatever comes', () => {
  const session = new CoreSession();
  for (const step of [...both, leave('ann')]) play(session, step);
  const { state } = session;
  const commands: readonly Command[] = [
    connect('cid'),
    connect('ann', { nth: 2 }),
    disconnect('bob'),
    leave('bob'),
    notify('bob', 'ann'),
    broadcast('bob', { keys: ['ann'] }),
    request('bob', 'ann'),
    answer('bob', 'ann'),
    askToJoin('dan'),
    { kind: 'tick' },
  ];
  for (const command of commands) assert.deepEqual(session.apply(command), []);
  assert.equal(session.state, state);
  assert.deepEqual([state.members.size, state.connections.size, state.joins.size], [0, 0, 0]);
});

test('a session whose host never comes ends, and not before a client had time to make its keys', () => {
  const session = new CoreSession({ hostGraceMs: 1_000 });
  assert.deepEqual(play(session, 29_999), []);
  assert.deepEqual(play(session, 1), ['ended: host-away-too-long']);
});

test('a command leaves the state that it was applied to as it was', () => {
  const session = new CoreSession();
  for (const step of [...both, disconnect('bob'), request('ann', 'bob')]) play(session, step);
  const before = session.state;
  const copy = structuredClone(before);
  for (const step of [
    connect('bob', { nth: 2 }),
    answer('bob', 'ann', { nth: 2 }),
    askToJoin('dan'),
    leave('ann'),
  ])
    play(session, step);
  assert.deepEqual(before, copy);
});
