/** A session goes on at another edge as if nothing had happened, but that everybody has to come back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CoreSession,
  answer,
  answerJoin,
  askToJoin,
  broadcast,
  comeBack,
  connect,
  disconnect,
  notify,
  request,
  resume,
  testEpoch,
} from '../../test/support/oct-core.ts';
import { moveCore } from '../../test/support/core-move.ts';
import { play } from '../../test/support/oct-table.ts';
import { adoptSession } from './session-adopt.ts';
import type { Command } from './session-command.ts';
import { requestDeadlineMs } from './session-relay.ts';
import { readSnapshot, snapshotVersion, takeSnapshot } from './session-snapshot.ts';
import type { SessionState } from './session-state.ts';

type Step = Command | ((session: CoreSession) => Command);

/** A session of ann and bob after these steps, at another edge whose clock is far behind. */
function moved(...steps: readonly Step[]): CoreSession {
  const session = new CoreSession();
  session.nowMs = 5_000_000;
  for (const step of [connect('ann'), connect('bob'), ...steps]) play(session, step);
  moveCore(session, -4_000_000);
  return session;
}

test('who comes back with an offset of the old edge gets exactly what it missed, and goes on in the new epoch', () => {
  const session = moved(notify('ann', 'bob', { text: '1' }), notify('ann', 'bob', { text: '2' }));
  assert.deepEqual(play(session, comeBack('bob', { lost: 1 })), [
    'resumed bob',
    'bob-2 < notification of ann: 2',
  ]);
  play(session, comeBack('ann'));
  assert.deepEqual(play(session, notify('ann', 'bob', { nth: 2, text: '3' })), [
    'bob-2 < notification of ann: 3',
  ]);
  assert.ok(session.offsetOf('bob', 0)!.startsWith(`${testEpoch + 1}.`));
  play(session, disconnect('bob', 2));
  assert.deepEqual(play(session, comeBack('bob', { nth: 3, lost: 1 })), [
    'resumed bob',
    'bob-3 < notification of ann: 3',
  ]);
});

test('an offset beyond what the old edge let go is a gap, not a guess', () => {
  const session = moved(notify('ann', 'bob'));
  const [epoch, sequence] = session.offsetOf('bob', 0)!.split('.');
  const effects = play(session, resume('bob', { offset: `${epoch}.${Number(sequence) + 1}`, isTold: false }));
  assert.equal(effects[0], 'gap of bob: offset-unknown');
});

test('a request that waits is answered at the new edge, or fails when the rest of its time is over', () => {
  const session = moved(
    request('ann', 'bob', { id: 1, relayId: 'r1' }),
    request('ann', 'bob', { id: 2, relayId: 'r2' }),
  );
  play(session, comeBack('ann'));
  play(session, comeBack('bob'));
  assert.deepEqual(play(session, answer('bob', 'ann', { nth: 2, relayId: 'r1' })), [
    'ann-2 < answer to 1: a',
  ]);
  assert.deepEqual(play(session, answer('bob', 'ann', { nth: 2, relayId: 'r1' })), []);
  assert.deepEqual(session.wait(requestDeadlineMs - 1), []);
  const [late] = session.wait(1);
  assert.ok(late?.kind === 'send' && late.message.kind === 'failure' && late.message.id === 2);
});

test('a guest who waits to be let in is let in by the host at the new edge', () => {
  const session = moved(askToJoin('cid'));
  assert.deepEqual(play(session, comeBack('ann', { lost: 1 })), [
    'resumed ann',
    'ann-2 < may cid join as question-cid-1?',
  ]);
  assert.deepEqual(play(session, answerJoin('ann', 'cid', { by: 2 })), ['join-cid-1 approved']);
});

test('content that waits for many members travels once', () => {
  const session = new CoreSession();
  for (const name of ['ann', 'bob', 'cid']) play(session, connect(name));
  play(session, broadcast('ann', { keys: ['bob', 'cid'] }));
  for (const connection of session.state.connections.keys())
    session.apply({ kind: 'disconnect', connection });
  assert.equal(takeSnapshot(session.state, session.nowMs).contents.length, 1);
});

test('a snapshot of another version, of nonsense, with a hole or of no older epoch is refused', () => {
  const { state, nowMs } = moved(notify('ann', 'bob'));
  const snapshot = takeSnapshot(state, nowMs);
  const refused = { code: 'snapshot-refused' };
  assert.throws(() => readSnapshot({ ...snapshot, version: snapshotVersion + 1 }), refused);
  for (const nonsense of [undefined, null, 7, [], {}]) assert.throws(() => readSnapshot(nonsense), refused);
  assert.throws(() => adoptSession(snapshot, state.epoch, state.limits, nowMs), refused);
  const [first, ...others] = snapshot.members;
  const holed = { ...first!, outbox: { ...first!.outbox, last: first!.outbox.last + 1 } };
  const newer = (state.epoch + 1) as typeof state.epoch;
  assert.throws(
    () => adoptSession({ ...snapshot, members: [holed, ...others] }, newer, state.limits, nowMs),
    refused,
  );
});

test('a session is the same after a move but for its epoch, and its times by the new clock', () => {
  const names = ['ann', 'bob', 'cid'];
  const step = fc.oneof(
    fc
      .record({ from: fc.constantFrom(...names), to: fc.constantFrom(...names) })
      .map(({ from, to }) => notify(from, to)),
    fc.subarray(names).map((keys) => broadcast('ann', { keys })),
    fc.nat(1_000).map((id) => request('bob', 'ann', { id, relayId: `r${id}` })),
    fc.nat(1_000).map((nth) => askToJoin('dan', nth)),
    fc.nat(1_000).map((nth) => answerJoin('ann', 'dan', { nth })),
    fc.constantFrom(...names).map((name) => disconnect(name)),
    fc.nat(9_000),
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: -1_000_000, max: 1_000_000 }),
      (steps, aheadMs) => {
        const session = new CoreSession();
        session.nowMs = 2_000_000;
        for (const name of names) play(session, connect(name));
        for (const one of steps) play(session, one);
        for (const connection of session.state.connections.keys())
          session.apply({ kind: 'disconnect', connection });
        const { state } = session;
        // One whose host was away beyond its grace has ended, and does not move.
        fc.pre(!state.hasEnded);
        moveCore(session, aheadMs);
        assert.deepEqual(session.state, expectedAfter(state, aheadMs));
      },
    ),
  );
});

function expectedAfter(state: SessionState, aheadMs: number): SessionState {
  const epoch = (state.epoch + 1) as typeof state.epoch;
  const later = <T extends { dueMs: number }>(item: T): T => ({ ...item, dueMs: item.dueMs + aheadMs });
  const mapOf = <K, V>(map: ReadonlyMap<K, V>, change: (value: V) => V): Map<K, V> =>
    new Map([...map].map(([key, value]) => [key, change(value)]));
  return {
    ...state,
    epoch,
    hostDueMs: state.hostDueMs! + aheadMs,
    life: laterLife(state.life, aheadMs),
    requests: mapOf(state.requests, later),
    joins: mapOf(state.joins, later),
    members: mapOf(state.members, (member) => ({
      ...member,
      presence:
        member.presence.kind === 'away'
          ? { kind: 'away', sinceMs: member.presence.sinceMs + aheadMs }
          : member.presence,
      outbox: {
        ...member.outbox,
        epoch,
        chunks: member.outbox.chunks.map((chunk) =>
          chunk.map((entry) => ({ ...entry, atMs: entry.atMs + aheadMs })),
        ),
      },
    })),
  };
}

function laterLife(
  { withoutGuests, lastSaidMs }: SessionState['life'],
  aheadMs: number,
): SessionState['life'] {
  return {
    lastSaidMs: lastSaidMs + aheadMs,
    withoutGuests: withoutGuests && { ...withoutGuests, sinceMs: withoutGuests.sinceMs + aheadMs },
  };
}
