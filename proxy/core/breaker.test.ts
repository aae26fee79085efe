/** The breaker: each line of its table, and what holds whatever happens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  askBreaker,
  closedBreaker,
  firstPauseMs,
  longestPauseMs,
  probeMaxMs,
  successesNeeded,
  tellBreaker,
} from './breaker.ts';
import type { Admission, BreakerState } from './breaker.ts';

const policy = { failuresMax: 3 };
const now = 10_000;

type Ended = Parameters<typeof tellBreaker>[1];
const usual = (result: Ended['result']): Ended => ({ admission: 'usual', result });
const probe = (result: Ended['result']): Ended => ({ admission: 'probe', result });
const closed = (failures: number): BreakerState => ({ kind: 'closed', failures });
const open = (untilMs: number, pauseMs = firstPauseMs): BreakerState => ({ kind: 'open', untilMs, pauseMs });
const half = (successes: number, probedAtMs: number | undefined, pauseMs = firstPauseMs): BreakerState => ({
  kind: 'half-open',
  pauseMs,
  successes,
  probedAtMs,
});

const asked: readonly [string, BreakerState, BreakerState, Admission][] = [
  ['closed: all come in', closed(2), closed(2), 'usual'],
  ['open, pause not over: nobody', open(now + 1), open(now + 1), 'refused'],
  ['open, pause over: the first is the probe', open(now), half(0, now), 'probe'],
  ['half-open, a probe is fresh: nobody', half(0, now - 1), half(0, now - 1), 'refused'],
  ['half-open, no probe: the next is one', half(1, undefined), half(1, now), 'probe'],
  ['half-open, the probe takes long: another one', half(0, now - probeMaxMs), half(0, now), 'probe'],
];

const told: readonly [string, BreakerState, Ended, BreakerState][] = [
  ['closed, a success: counts from zero', closed(2), usual('success'), closed(0)],
  ['closed, a failure: one more', closed(1), usual('failure'), closed(2)],
  ['closed, the last failure of a row: open', closed(2), usual('failure'), open(now + firstPauseMs)],
  ['closed, a client that left: nothing', closed(2), usual('neutral'), closed(2)],
  ['closed, a late probe: nothing', closed(2), probe('failure'), closed(2)],
  ['open: nothing that began before changes it', open(now + 5), usual('success'), open(now + 5)],
  ['open: nor does a late probe', open(now + 5), probe('success'), open(now + 5)],
  [
    'half-open, a success of the probe: one more is needed',
    half(0, now - 5),
    probe('success'),
    half(1, undefined),
  ],
  ['half-open, the last success: closed', half(successesNeeded - 1, now - 5), probe('success'), closed(0)],
  ['half-open, a failure: open for twice as long', half(1, now), probe('failure'), open(now + 2_000, 2_000)],
  [
    'half-open, a failure after a long pause: no longer than the longest',
    half(0, now, longestPauseMs),
    probe('failure'),
    open(now + longestPauseMs, longestPauseMs),
  ],
  ['half-open, a client that left: the next may try', half(1, now), probe('neutral'), half(1, undefined)],
  ['half-open, what began before: nothing', half(1, now), usual('failure'), half(1, now)],
];

for (const [name, state, next, admission] of asked) {
  test(name, () => assert.deepEqual(askBreaker(state, now), { state: next, admission }));
}

for (const [name, state, ended, next] of told) {
  test(name, () => assert.deepEqual(tellBreaker(state, ended, { nowMs: now, policy }), next));
}

test('a breaker that may never open does not', () => {
  let state = closedBreaker;
  for (let i = 0; i < 100; i++)
    state = tellBreaker(state, usual('failure'), { nowMs: now, policy: { failuresMax: 0 } });
  assert.equal(askBreaker(state, now).admission, 'usual');
});

/** One step of a history: time passes, somebody asks, or the n-th of those who are inside ends. */
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(4_000) }),
    fc.record({ kind: fc.constant('ask' as const) }),
    fc.record({
      kind: fc.constant('end' as const),
      which: fc.nat(20),
      result: fc.constantFrom('success' as const, 'failure' as const, 'neutral' as const),
    }),
  ),
  { maxLength: 200 },
);

/** What the breaker may do, kept as plainly as it can be said. */
interface Model {
  nowMs: number;
  state: BreakerState;
  row: number;
  refusesUntilMs: number;
  inside: { readonly admission: Admission; readonly atMs: number }[];
}

function ask(model: Model): void {
  const { state, admission } = askBreaker(model.state, model.nowMs);
  if (model.state.kind === 'closed') assert.equal(admission, 'usual', 'closed lets everybody in');
  else assert.notEqual(admission, 'usual', 'not closed lets probes in, and nobody else');
  if (model.nowMs < model.refusesUntilMs) assert.equal(admission, 'refused', 'not before the pause is over');
  if (admission === 'probe') {
    const fresh = model.inside.filter(
      ({ admission: of, atMs }) => of === 'probe' && model.nowMs - atMs < probeMaxMs,
    );
    if (model.state.kind === 'half-open') assert.ok(fresh.length <= 1 || model.state.successes > 0);
  }
  model.state = state;
  if (admission !== 'refused') model.inside.push({ admission, atMs: model.nowMs });
}

function end(model: Model, which: number, result: Ended['result']): void {
  const [ended] = model.inside.splice(which % model.inside.length, 1);
  const before = model.state;
  const { admission } = ended!;
  model.state = tellBreaker(before, { admission, result }, { nowMs: model.nowMs, policy });
  if (before.kind === 'closed' && admission === 'usual' && result !== 'neutral')
    model.row = result === 'failure' ? model.row + 1 : 0;
  const opens = before.kind !== 'open' && model.state.kind === 'open';
  if (opens) {
    assert.ok(
      before.kind === 'half-open' || model.row === policy.failuresMax,
      'a whole row of failures opens it',
    );
    model.refusesUntilMs = model.state.kind === 'open' ? model.state.untilMs : 0;
    assert.ok(model.refusesUntilMs - model.nowMs <= longestPauseMs);
    model.row = 0;
  } else if (before.kind === 'closed') {
    assert.ok(model.row < policy.failuresMax, 'it opens at once');
  }
  if (before.kind !== 'closed' && model.state.kind === 'closed') {
    assert.deepEqual([admission, result], ['probe', 'success'], 'probes alone close it');
    model.refusesUntilMs = 0;
  }
}

test('whatever happens: it opens after a whole row and no sooner, refuses until its pause is over, and only probes close it', () => {
  fc.assert(
    fc.property(steps, (history) => {
      const model: Model = { nowMs: 0, state: closedBreaker, row: 0, refusesUntilMs: 0, inside: [] };
      for (const step of history) {
        if (step.kind === 'wait') model.nowMs += step.ms;
        else if (step.kind === 'ask') ask(model);
        else if (model.inside.length > 0) end(model, step.which, step.result);
      }
      assertRecovers(model);
    }),
    { numRuns: 500 },
  );
});

/** An edge that is well again is used again, whatever was before. */
function assertRecovers(model: Model): void {
  let { state, nowMs } = model;
  for (let tries = 0; state.kind !== 'closed'; tries++) {
    assert.ok(tries < successesNeeded, 'it closes with the first probes');
    nowMs += longestPauseMs;
    const asking = askBreaker(state, nowMs);
    assert.equal(asking.admission, 'probe');
    state = tellBreaker(asking.state, probe('success'), { nowMs, policy });
  }
}
