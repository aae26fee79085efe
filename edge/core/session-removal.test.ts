/** What an administrator does to a session, by table: members who are removed or banned, and the end. */
import {
  answerJoin,
  askToJoin,
  broadcast,
  connect,
  disconnect,
  request,
} from '../../test/support/oct-core.ts';
import { testRows } from '../../test/support/oct-table.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CoreSession } from '../../test/support/oct-core.ts';
import type { Command } from './session-command.ts';
import { judgeJoin } from './session-joins.ts';
import type { MemberId } from './session-state.ts';

const three = [connect('ann'), connect('bob'), connect('cid')];

function remove(name: string, isBanned = false): Command {
  return { kind: 'remove', member: name as MemberId, userId: `user-${name}`, isBanned };
}

const bobIsRemoved = [
  'bob-1 < closed by ann: removed',
  'left bob: removed',
  'ann-1 < bob left',
  'cid-1 < bob left',
  'expel bob-1',
];

testRows('removal', three, [
  {
    promise: 'a member who is removed is told so, and the others hear of it',
    when: remove('bob'),
    gives: bobIsRemoved,
  },
  {
    promise: 'requests to a member who is removed fail',
    given: [request('ann', 'bob', { id: 7 })],
    when: remove('bob'),
    gives: [...bobIsRemoved.slice(0, 4), 'ann-1 < failure of 7', 'expel bob-1'],
  },
  {
    promise: 'a member who is away can be removed',
    given: [disconnect('bob')],
    when: remove('bob'),
    gives: ['left bob: removed', 'ann-1 < bob left', 'cid-1 < bob left'],
  },
  { promise: 'somebody who is not there is not removed', when: remove('eve'), gives: [] },
  {
    promise: 'a member who was removed may come back',
    given: [remove('bob')],
    when: connect('bob', { nth: 2 }),
    gives: ['joined bob', 'bob-2 < you are bob', 'ann-1 < bob joined', 'cid-1 < bob joined'],
  },
  {
    promise: 'a member who was banned does not come back',
    given: [remove('bob', true)],
    when: connect('bob', { nth: 2 }),
    gives: ['expel bob-2'],
  },
  {
    promise: 'a ban holds where the member was removed a moment before',
    given: [remove('bob'), remove('bob', true)],
    when: connect('bob', { nth: 2 }),
    gives: ['expel bob-2'],
  },
  {
    promise: 'a ban keeps out nobody else',
    given: [remove('bob', true)],
    when: connect('dan'),
    gives: ['joined dan', 'dan-1 < you are dan', 'ann-1 < dan joined', 'cid-1 < dan joined'],
  },
  {
    promise: 'a session whose host is removed is over, for everybody',
    when: remove('ann'),
    gives: [
      'ann-1 < closed by ann: ended-by-administrator',
      'expel ann-1',
      'bob-1 < closed by ann: ended-by-administrator',
      'expel bob-1',
      'cid-1 < closed by ann: ended-by-administrator',
      'expel cid-1',
      'ended: ended-by-administrator',
    ],
  },
  {
    promise: 'a guest who waits for the host learns of the end',
    given: [askToJoin('eve'), disconnect('bob'), disconnect('cid')],
    when: { kind: 'end' },
    gives: [
      'ann-1 < closed by ann: ended-by-administrator',
      'expel ann-1',
      'join-eve-1 session-ended',
      'join-eve-1 forgotten',
      'ended: ended-by-administrator',
    ],
  },
  {
    promise: 'nothing happens after the end',
    given: [{ kind: 'end' }],
    when: broadcast('ann', { keys: ['bob'] }),
    gives: [],
  },
]);

test('who is banned may not ask to join again, others may', () => {
  const session = new CoreSession();
  for (const command of [...three, remove('bob', true)]) session.apply(command);
  assert.equal(judgeJoin(session.state, 'user-bob'), 'member-banned');
  assert.equal(judgeJoin(session.state, 'user-dan'), undefined);
});

test('who was let in before a ban and has not come yet is kept out by the person', () => {
  const session = new CoreSession();
  for (const command of [...three, askToJoin('bob'), answerJoin('ann', 'bob'), remove('bob', true)])
    session.apply(command);
  const again = connect('bob', { nth: 2 });
  const profile = { ...again.profile, id: 'bob by another token' as MemberId };
  assert.deepEqual(session.apply({ ...again, profile }), [{ kind: 'expel', connection: again.connection }]);
});
