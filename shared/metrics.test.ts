/** Metrics that are bound to their labels once: what was added shows when it is rendered, and never twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from './metrics.ts';

async function lineOf(metrics: Metrics, start: string): Promise<string | undefined> {
  return (await metrics.render()).split('\n').find((line) => line.startsWith(start));
}

test('what was added to a bound metric is rendered once, beside what came the usual way', async () => {
  const metrics = new Metrics('ct_proxy_');
  const up = metrics.bind('ct_proxy_bytes_total', { direction: 'up' });
  up.add(3);
  up.add(4);
  metrics.count('ct_proxy_bytes_total', { direction: 'up' }, 10);
  const start = 'ct_proxy_bytes_total{direction="up"}';
  assert.equal(await lineOf(metrics, start), `${start} 17`);
  assert.equal(await lineOf(metrics, start), `${start} 17`);
});

test('a bound gauge goes down, too', async () => {
  const metrics = new Metrics('ct_proxy_');
  const open = metrics.bind('ct_proxy_exchanges_open', { kind: 'http' });
  open.add(1);
  open.add(1);
  open.add(-1);
  const start = 'ct_proxy_exchanges_open{kind="http"}';
  assert.equal(await lineOf(metrics, start), `${start} 1`);
});

test('a histogram cannot be bound: it has no sum to hand over', () => {
  assert.throws(() => new Metrics('ct_proxy_').bind('ct_proxy_exchange_seconds', { kind: 'http' }));
});
