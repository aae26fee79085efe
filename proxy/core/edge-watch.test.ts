/** What exchanges tell of an edge: failures and slowness weigh on it for a while, and its breaker says when it opens and closes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EdgeWatch } from './edge-watch.ts';
import type { ExchangeEnd } from './edge-watch.ts';

const policy = { failuresMax: 3 };

function end(result: ExchangeEnd['result'], latencyMs?: number): ExchangeEnd {
  return { admission: 'usual', result, startedAtMs: 0, latencyMs };
}

const probed: ExchangeEnd = { admission: 'probe', result: 'success', startedAtMs: 5_000, latencyMs: 1 };

test('an edge of which nothing bad is known counts as it is', () => {
  const watch = new EdgeWatch();
  assert.equal(watch.strain(0), 1);
  for (let at = 0; at < 100; at++) watch.tell(end('success', 20), at, policy);
  assert.equal(watch.strain(100), 1);
});

test('an edge that fails weighs more, and less again when it is well or nothing more is heard', () => {
  const watch = new EdgeWatch();
  for (let i = 0; i < 20; i++) watch.tell(end(i % 2 === 0 ? 'failure' : 'success'), 0, policy);
  const strained = watch.strain(0);
  assert.ok(strained > 2, `${strained}`);
  assert.ok(watch.strain(120_000) < 1.2, 'forgotten after two minutes');
  for (let i = 0; i < 60; i++) watch.tell(end('success'), 0, policy);
  assert.ok(watch.strain(0) < 1.2, `${watch.strain(0)}`);
});

test('a slow edge weighs more, within a bound; polls that wait do not', () => {
  const watch = new EdgeWatch();
  for (let i = 0; i < 50; i++) watch.tell(end('success', 30_000), 0, policy);
  assert.equal(watch.strain(0), 1);
  for (let i = 0; i < 50; i++) watch.tell(end('success', 1_100), 0, policy);
  assert.ok(Math.abs(watch.strain(0) - 2) < 0.2, `${watch.strain(0)}`);
  for (let i = 0; i < 200; i++) watch.tell(end('success', 5_000), 0, policy);
  assert.ok(watch.strain(0) <= 5);
});

test('clients that leave say nothing about the edge', () => {
  const watch = new EdgeWatch();
  for (let i = 0; i < 50; i++) watch.tell(end('neutral', 3_000), 0, policy);
  assert.deepEqual([watch.strain(0), watch.breaker], [1, 'closed']);
});

test('the breaker tells once that it opened, and once that it closed', () => {
  const watch = new EdgeWatch();
  assert.equal(watch.tell(end('failure'), 0, policy), undefined);
  assert.equal(watch.tell(end('failure'), 0, policy), undefined);
  assert.equal(watch.tell(end('failure'), 0, policy), 'opened');
  assert.equal(watch.tell(end('failure'), 0, policy), undefined);
  assert.equal(watch.ask(10), 'refused');
  assert.equal(watch.ask(5_000), 'probe');
  assert.equal(watch.tell(probed, 5_000, policy), undefined);
  assert.equal(watch.ask(5_001), 'probe');
  assert.equal(watch.tell(probed, 5_001, policy), 'closed');
  assert.equal(watch.ask(5_002), 'usual');
  for (let i = 0; i < 3; i++)
    assert.equal(watch.tell({ ...end('failure'), startedAtMs: -1 }, 5_003, policy), undefined, 'an old one');
  assert.equal(watch.breaker, 'closed');
});
