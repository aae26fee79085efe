/** What members send each other, by table: requests and their one answer, notifications, broadcasts. */
import { answer, broadcast, connect, notify, request } from '../../test/support/oct-core.ts';
import { testRows } from '../../test/support/oct-table.ts';
import { requestDeadlineMs, requestsPerMemberMax } from './session-relay.ts';

const three = [connect('ann'), connect('bob'), connect('cid')];

testRows('requests', three, [
  {
    promise: 'a request reaches its target',
    when: request('bob', 'ann'),
    gives: ['ann-1 < request r1 of bob: q'],
  },
  {
    promise: 'an answer goes to who asked, under the id that it knows',
    given: [request('bob', 'ann', { id: 5 })],
    when: answer('ann', 'bob'),
    gives: ['bob-1 < answer to 5: a'],
  },
  {
    promise: 'an error is an answer',
    given: [request('bob', 'ann')],
    when: answer('ann', 'bob', { isError: true }),
    gives: ['bob-1 < error to 1: a'],
  },
  {
    promise: 'a second answer does not count',
    given: [request('bob', 'ann'), answer('ann', 'bob')],
    when: answer('ann', 'bob'),
    gives: [],
  },
  {
    promise: 'only the target answers',
    given: [request('bob', 'ann')],
    when: answer('cid', 'bob'),
    gives: [],
  },
  {
    promise: 'an answer that its receiver cannot open is a failure',
    given: [request('bob', 'ann')],
    when: answer('ann', 'bob', { keys: ['cid'] }),
    gives: ['bob-1 < failure of 1'],
  },
  {
    promise: 'a request to nobody fails at once',
    when: request('bob', 'eve'),
    gives: ['bob-1 < failure of 1'],
  },
  {
    promise: 'a request that its target cannot open fails at once',
    when: request('bob', 'ann', { keys: ['cid'] }),
    gives: ['bob-1 < failure of 1'],
  },
  {
    promise: 'one request more than a member may have open fails at once',
    given: Array.from({ length: requestsPerMemberMax }, (_, i) =>
      request('bob', 'ann', { relayId: `r${i}` }),
    ),
    when: request('bob', 'ann', { id: 9, relayId: 'late' }),
    gives: ['refused: too-many-waiting', 'bob-1 < failure of 9'],
  },
  {
    promise: 'a request without an answer fails in time, once',
    given: [request('bob', 'ann'), requestDeadlineMs - 1],
    when: 1,
    gives: ['bob-1 < failure of 1'],
  },
  {
    promise: 'an answer after the deadline does not count',
    given: [request('bob', 'ann'), requestDeadlineMs],
    when: answer('ann', 'bob'),
    gives: [],
  },
  { promise: 'who is no member asks nothing', when: request('eve', 'ann'), gives: [] },
]);

testRows('notifications and broadcasts', three, [
  {
    promise: 'a notification reaches one',
    when: notify('bob', 'cid'),
    gives: ['cid-1 < notification of bob: hi'],
  },
  {
    promise: 'without the target’s key it reaches nobody',
    when: notify('bob', 'cid', { keys: ['ann'] }),
    gives: [],
  },
  {
    promise: 'a broadcast reaches the others, with their own key each',
    when: broadcast('bob', { keys: ['ann', 'cid'] }),
    gives: ['ann-1 < broadcast of bob: hi', 'cid-1 < broadcast of bob: hi'],
  },
  {
    promise: 'a broadcast reaches only those it is sealed for, and never its sender',
    when: broadcast('bob', { keys: ['cid', 'bob', 'eve'] }),
    gives: ['cid-1 < broadcast of bob: hi'],
  },
  { promise: 'who is no member says nothing', when: broadcast('eve', { keys: ['ann'] }), gives: [] },
]);
