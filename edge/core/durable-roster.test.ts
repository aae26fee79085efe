/** What is stored of a session, and the session that goes on from it: by table, and for any history. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AppError } from '#shared/errors.ts';
import type { Epoch } from '#shared/ids.ts';
import { crashCore } from '../../test/support/core-move.ts';
import {
  CoreSession,
  answer,
  answerJoin,
  askToJoin,
  broadcast,
  comeBack,
  connect,
  disconnect,
  leave,
  request,
  resume,
  tell,
  testBirth,
} from '../../test/support/oct-core.ts';
import { hasSameRoster, mayChangeRoster, reviveSession, takeRoster } from './durable-roster.ts';
import { readSnapshot } from './session-snapshot.ts';
import { canResume } from './session-arrival.ts';
import type { Command } from './session-command.ts';
import { lostStream } from './session-state.ts';
import type { MemberId } from './session-state.ts';

function sessionOf(...commands: readonly Command[]): CoreSession {
  const session = new CoreSession();
  for (const command of [connect('ann'), connect('bob'), connect('cid'), ...commands]) session.apply(command);
  return session;
}

function told(session: CoreSession, command: Command): string[] {
  return session.apply(command).map(tell);
}

/** A client of a session that has crashed: it has an offset of before. */
function returns(session: CoreSession, name: string): string[] {
  return told(session, comeBack(name, { isTold: false })(session));
}

test('after a crash members, bans, clock and guests who wait are what they were', () => {
  const session = sessionOf(
    { kind: 'remove', member: 'cid' as MemberId, userId: 'user-cid', isBanned: true },
    askToJoin('dan'),
    answerJoin('ann', 'dan'),
    askToJoin('eve'),
    askToJoin('fay'),
    answerJoin('ann', 'fay', { approves: false }),
  );
  const before = session.state;
  crashCore(session, 5_000);
  const { state } = session;
  assert.ok(hasSameRoster(before, state));
  assert.deepEqual([...state.members.keys()], ['ann', 'bob']);
  assert.deepEqual([...state.bans], ['cid', 'user-cid']);
  assert.equal(state.clock, testBirth + 1);
  assert.deepEqual(
    [...state.joins.values()].map(({ user, stage, grant }) => [user.name, stage, grant?.clock]),
    [
      ['dan', 'decided', testBirth + 1],
      ['eve', 'unasked', undefined],
      ['fay', 'decided', undefined],
    ],
  );
  assert.deepEqual(told(session, connect('cid', { nth: 2 })), ['expel cid-2']);
});

test('whatever a client says that it heard, after a crash it has a gap and never a hole', () => {
  const session = sessionOf(broadcast('ann', { keys: ['bob'] }));
  const offsets = [
    session.offsetOf('bob', 0),
    session.offsetOf('bob', 1),
    undefined,
    '8.1',
    '7.0',
    'no offset',
  ];
  for (const offset of offsets) {
    const copy = sessionOf(broadcast('ann', { keys: ['bob'] }));
    crashCore(copy);
    const command = resume('bob', { offset, isTold: false });
    assert.equal(canResume(copy.state, command.resumes!), false);
    assert.equal(
      canResume(copy.state, { stream: lostStream, offset }),
      false,
      'nor in a stream without a name',
    );
    const [gap, identity] = told(copy, command);
    assert.deepEqual([gap, identity], ['gap of bob: offset-unknown', 'bob-2 < you are bob']);
  }
});

test('offsets of the life after a crash are all new, also under the same epoch', () => {
  const session = sessionOf();
  const { state } = session;
  session.nowMs += 1;
  const roster = readSnapshot(takeRoster(state, session.nowMs));
  session.state = reviveSession(roster, { epoch: state.epoch, limits: state.limits, nowMs: session.nowMs });
  const before = state.members.get('ann' as MemberId)!.outbox.last;
  assert.ok(session.state.members.get('ann' as MemberId)!.outbox.last > before);
});

test('a request that waited fails when its asker is back, whoever comes back first and whatever they say', () => {
  const rows: [string, (session: CoreSession) => void][] = [
    ['the asker', () => {}],
    ['the target', (session) => void returns(session, 'bob')],
    [
      'the target, which answers',
      (session) => {
        returns(session, 'bob');
        assert.deepEqual(told(session, answer('bob', 'ann', { nth: 2 })), []);
      },
    ],
    ['the target with a new client', (session) => void told(session, connect('bob', { nth: 2, client: 2 }))],
    ['nobody for long', (session) => void session.wait(19_000)],
  ];
  for (const [first, happens] of rows) {
    const session = sessionOf(request('ann', 'bob', { id: 5 }));
    crashCore(session);
    happens(session);
    const failures = returns(session, 'ann').filter((line) => line.includes('failure'));
    assert.deepEqual(failures, ['ann-2 < failure of 5'], first);
    assert.equal(session.state.requests.size, 0);
    assert.deepEqual(told(session, answer('bob', 'ann', { nth: 2 })), [], 'a late answer is nobody’s');
  }
});

test('a request of one who does not come back is dropped', () => {
  const session = sessionOf(request('bob', 'ann'));
  crashCore(session);
  returns(session, 'ann');
  session.wait(30_000);
  assert.equal(session.state.requests.size, 0);
});

test('everybody has the full grace after a crash, and the host what a client needs to come back', () => {
  const session = new CoreSession({ hostGraceMs: 1_000 });
  for (const command of [connect('ann'), connect('bob'), disconnect('ann')]) session.apply(command);
  crashCore(session);
  assert.deepEqual(session.wait(29_999).map(tell), []);
  assert.ok(session.wait(1).map(tell).includes('ended: host-away-too-long'));
});

test('a roster of a newer epoch, or of another version, is refused', () => {
  const session = sessionOf();
  const roster = takeRoster(session.state, 0);
  const refused = (error: AppError): boolean => error.code === 'snapshot-refused';
  const older = { epoch: (session.state.epoch - 1) as Epoch, limits: session.state.limits, nowMs: 0 };
  assert.throws(() => reviveSession(roster, older), refused);
  assert.throws(() => readSnapshot({ ...roster, version: 2 }), refused);
});

test('a command that is said to leave the roster alone does so', () => {
  const names = fc.constantFrom('ann', 'bob', 'cid');
  const command = fc.oneof(
    names.map((name) => disconnect(name)),
    names.map((name) => broadcast(name, { keys: ['ann', 'bob'] })),
    names.map((name) => leave(name)),
    names.map((name) => connect(name, { nth: 2 })),
    names.map((name) => request(name, 'ann')),
    names.map((name) => answer(name, 'bob')),
    names.map((name) => askToJoin(`other ${name}`)),
    fc.constant<Command>({ kind: 'tick' }),
    fc.constant<Command>({ kind: 'freeze' }),
  );
  const property = fc.property(fc.array(command), (commands) => {
    const session = sessionOf();
    for (const each of commands) {
      const before = session.state;
      session.apply(each);
      if (!mayChangeRoster(each)) assert.ok(hasSameRoster(before, session.state), each.kind);
    }
  });
  fc.assert(property);
});
