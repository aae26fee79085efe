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

test('a histogram counts each observation in its bucket and all above it, by its labels', async () => {
  const metrics = new Metrics('ct_proxy_');
  const http = metrics.bindHistogram('ct_proxy_exchange_seconds', { kind: 'http' });
  http.observe(0.001);
  http.observe(0.3);
  http.observe(61);
  metrics.observe('ct_proxy_exchange_seconds', 0.002, { kind: 'http' });
  metrics.observe('ct_proxy_exchange_seconds', 2, { kind: 'upgrade' });
  const lines = (await metrics.render()).split('\n');
  const of = (part: string, labels: string): string =>
    `ct_proxy_exchange_seconds_${part}{kind="http"${labels}}`;
  assert.deepEqual(
    lines.filter((line) => line.startsWith('ct_proxy_exchange_seconds') && line.includes('"http"')),
    [
      `${of('bucket', ',le="0.001"')} 1`,
      `${of('bucket', ',le="0.005"')} 2`,
      `${of('bucket', ',le="0.025"')} 2`,
      `${of('bucket', ',le="0.1"')} 2`,
      `${of('bucket', ',le="0.25"')} 2`,
      `${of('bucket', ',le="0.5"')} 3`,
      `${of('bucket', ',le="1"')} 3`,
      `${of('bucket', ',le="2.5"')} 3`,
      `${of('bucket', ',le="10"')} 3`,
      `${of('bucket', ',le="60"')} 3`,
      `${of('bucket', ',le="+Inf"')} 4`,
      `${of('sum', '')} ${0.001 + 0.3 + 61 + 0.002}`,
      `${of('count', '')} 4`,
    ],
  );
});

test('a histogram without labels shows zeros before its first observation', async () => {
  const metrics = new Metrics('ct_proxy_');
  const start = 'ct_proxy_directory_seconds_count';
  assert.equal(await lineOf(metrics, start), `${start} 0`);
});

test('a histogram with a label too few or too many is refused', () => {
  const metrics = new Metrics('ct_proxy_');
  assert.throws(() => metrics.bindHistogram('ct_proxy_exchange_seconds'));
  assert.throws(() => metrics.bindHistogram('ct_proxy_directory_seconds', { kind: 'http' }));
});

test('a histogram cannot be bound as if it were a counter', () => {
  assert.throws(() => new Metrics('ct_proxy_').bind('ct_proxy_exchange_seconds', { kind: 'http' }));
});
