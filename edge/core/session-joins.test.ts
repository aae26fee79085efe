/** Who is let in, by table: questions to the host, decisions, their limits and their time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CoreSession,
  answerJoin,
  askToJoin,
  connect,
  comeBack,
  disconnect,
  testBirth,
} from '../../test/support/oct-core.ts';
import { play, testRows } from '../../test/support/oct-table.ts';
import {
  joinDeadlineMs,
  joinsKeptMax,
  joinsWaitingMax,
  joinsWaitingPerUserMax,
  judgeJoin,
} from './session-joins.ts';
import { joinsPerSessionMax } from './session-state.ts';

testRows(
  'joining',
  [connect('ann')],
  [
    {
      promise: 'the host is asked',
      when: askToJoin('bob'),
      gives: ['ann-1 < may bob join as question-bob-1?'],
    },
    {
      promise: 'the host lets in',
      given: [askToJoin('bob')],
      when: answerJoin('ann', 'bob'),
      gives: ['join-bob-1 approved'],
    },
    {
      promise: 'the host refuses',
      given: [askToJoin('bob')],
      when: answerJoin('ann', 'bob', { approves: false }),
      gives: ['join-bob-1 rejected'],
    },
    {
      promise: 'the first answer counts',
      given: [askToJoin('bob'), answerJoin('ann', 'bob', { approves: false })],
      when: answerJoin('ann', 'bob'),
      gives: [],
    },
    {
      promise: 'a guest lets nobody in',
      given: [connect('cid'), askToJoin('bob')],
      when: answerJoin('cid', 'bob'),
      gives: [],
    },
    {
      promise: 'a host who does not answer lets nobody in',
      given: [askToJoin('bob'), joinDeadlineMs - 1],
      when: 1,
      gives: ['join-bob-1 timed-out', 'join-bob-1 forgotten'],
    },
    {
      promise: 'a decision stays for late polls, then is forgotten',
      given: [askToJoin('bob'), answerJoin('ann', 'bob'), joinDeadlineMs - 1],
      when: 1,
      gives: ['join-bob-1 forgotten'],
    },
    {
      promise: 'a host who is away is not asked',
      given: [disconnect('ann')],
      when: askToJoin('bob'),
      gives: [],
    },
    {
      promise: 'a host who comes back is asked then',
      given: [disconnect('ann'), askToJoin('bob')],
      when: comeBack('ann'),
      gives: ['resumed ann', 'ann-2 < may bob join as question-bob-1?'],
    },
    {
      promise: 'a host who comes back is not asked twice',
      given: [askToJoin('bob'), disconnect('ann')],
      when: comeBack('ann'),
      gives: ['resumed ann'],
    },
    {
      promise: 'a host that was started anew is asked again',
      given: [askToJoin('bob'), disconnect('ann')],
      when: connect('ann', { nth: 2, client: 2 }),
      gives: ['joined ann', 'ann-2 < you are ann', 'ann-2 < may bob join as question-bob-1?'],
    },
  ],
);

function sessionWithHost(): CoreSession {
  const session = new CoreSession();
  play(session, connect('ann'));
  return session;
}

function approve(session: CoreSession, name: string, nth = 1): number {
  session.apply(askToJoin(name, nth));
  const [effect] = session.apply(answerJoin('ann', name, { nth }));
  assert.ok(effect?.kind === 'join-decided' && effect.decision.kind === 'approved');
  return effect.decision.clock;
}

test('no two joins have the same clock, also where a later one has come back first', () => {
  const session = sessionWithHost();
  assert.deepEqual([approve(session, 'bob'), approve(session, 'cid')], [testBirth + 1, testBirth + 2]);
  play(session, connect('dan', { clock: testBirth + 9 }));
  assert.equal(approve(session, 'eve'), testBirth + 10);
});

test('one person may wait so many times', () => {
  const session = sessionWithHost();
  for (let nth = 0; nth < joinsWaitingPerUserMax; nth++) {
    assert.equal(judgeJoin(session.state, 'user-bob'), undefined);
    session.apply(askToJoin('bob', nth));
  }
  assert.equal(judgeJoin(session.state, 'user-bob'), 'too-many-waiting');
  assert.equal(judgeJoin(session.state, 'user-cid'), undefined);
  session.apply(answerJoin('ann', 'bob', { nth: 0, approves: false }));
  assert.equal(judgeJoin(session.state, 'user-bob'), undefined, 'a decided request waits no more');
});

test('so many people may wait', () => {
  const session = sessionWithHost();
  for (let i = 0; i < joinsWaitingMax; i++) session.apply(askToJoin(`guest-${i}`));
  assert.equal(judgeJoin(session.state, 'user-bob'), 'too-many-waiting');
});

test('nobody asks to join a session that is full or has no clocks left', () => {
  const session = sessionWithHost();
  for (const name of ['bob', 'cid', 'dan']) play(session, connect(name));
  assert.equal(judgeJoin(session.state, 'user-eve'), 'session-full');
  const old = sessionWithHost();
  play(old, connect('bob', { clock: testBirth + joinsPerSessionMax - joinsWaitingMax }));
  assert.equal(judgeJoin(old.state, 'user-eve'), 'session-full');
});

test('answers are kept up to a limit, beyond it the oldest is forgotten and no question is', () => {
  const session = sessionWithHost();
  session.apply(askToJoin('bob'));
  for (let nth = 1; nth < joinsKeptMax; nth++) approve(session, 'cid', nth);
  const effects = play(session, askToJoin('dan'));
  assert.deepEqual(effects, ['join-cid-1 forgotten', 'ann-1 < may dan join as question-dan-1?']);
  assert.equal(session.state.joins.size, joinsKeptMax);
});
