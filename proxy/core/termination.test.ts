/** The two letters of each way in which an exchange can end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { enders, phases } from '#shared/terminations.ts';
import { describeTermination } from './termination.ts';
import type { Outcome } from './termination.ts';

const answered: Outcome = {
  error: undefined,
  isRouted: true,
  isKeyed: true,
  isPlaced: true,
  hasAnswer: true,
  tunnel: undefined,
};
const asked: Outcome = { ...answered, hasAnswer: false };
const keyed: Outcome = { ...asked, isPlaced: false };
const routed: Outcome = { ...keyed, isKeyed: false };
const unread: Outcome = { ...routed, isRouted: false };

function failed(outcome: Outcome, code: ErrorCode): Outcome {
  return { ...outcome, error: { code, entry: errorTable[code] } };
}

const cases: readonly (readonly [what: string, outcome: Outcome, letters: string])[] = [
  ['a whole answer', answered, '--'],
  ['a malformed head', failed(unread, 'request-malformed'), 'PR'],
  ['a head that never ends', failed(unread, 'request-timeout'), 'cR'],
  ['a length beside chunks', failed(unread, 'framing-ambiguous'), 'PR'],
  ['a bad chunk on the way to the edge', failed(asked, 'framing-ambiguous'), 'PB'],
  ['a body that is too large', failed(asked, 'body-too-large'), 'PB'],
  ['a body that stops', failed(asked, 'request-timeout'), 'cB'],
  ['a body that trickles', failed(asked, 'body-too-slow'), 'cB'],
  ['a login that is refused', failed(routed, 'login-refused'), 'PR'],
  ['no edge', failed(keyed, 'no-edge'), 'RP'],
  ['a store that is away', failed(keyed, 'directory-unavailable'), 'RP'],
  ['a full queue', failed(asked, 'edge-busy'), 'RQ'],
  ['an edge that refuses', failed(asked, 'upstream-refused'), 'SC'],
  ['an edge that breaks off before its answer', failed(asked, 'upstream-broken'), 'SH'],
  ['an edge that breaks its answer off', failed(answered, 'upstream-broken'), 'SD'],
  ['an edge that does not answer', failed(asked, 'upstream-timeout'), 'sH'],
  ['an edge that stops in its answer', failed(answered, 'upstream-timeout'), 'sD'],
  ['a client that leaves while it waits', failed(asked, 'client-left'), 'CH'],
  ['a client that leaves in the middle of its answer', failed(answered, 'client-left'), 'CD'],
  ['a fault of ours', failed(asked, 'internal'), 'IH'],
  ['a WebSocket that the client ended', { ...answered, tunnel: 'client' }, 'CU'],
  ['a WebSocket that the edge ended', { ...answered, tunnel: 'upstream' }, 'SU'],
  ['a WebSocket that was silent', { ...answered, tunnel: 'idle' }, 'TU'],
  ['a WebSocket of an edge that is over', { ...answered, tunnel: 'front-door' }, 'KU'],
  ['a WebSocket that outlives the front door', { ...answered, tunnel: 'left' }, 'LU'],
  ['a WebSocket of whose end nobody heard', { ...answered, tunnel: 'unknown' }, '?U'],
];

for (const [what, outcome, letters] of cases) {
  test(`${what}: ${letters}`, () => assert.equal(describeTermination(outcome), letters));
}

test('every code in every phase has two letters that the page explains', () => {
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    for (const outcome of [unread, routed, keyed, asked, answered]) {
      const [ender, phase] = describeTermination(failed(outcome, code)) as unknown as [string, string];
      assert.ok(ender in enders && phase in phases, code);
    }
  }
});
