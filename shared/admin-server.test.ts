/** The admin port: what is open, what needs the token, and that no failure of a route ends the process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { request } from './node-http.ts';
import { openAdminServer } from './admin-server.ts';
import type { AdminOperation } from './admin-operation.ts';
import { AppError } from './errors.ts';
import { Metrics } from './metrics.ts';
import { MetricsAccess } from './metrics-access.ts';

const token = 'admin-token-of-enough-length';
const bearer = { authorization: `Bearer ${token}` };

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

type Ask = (path: string, options?: { method?: string; headers?: Record<string, string> }) => Promise<Answer>;

async function openAdmin(
  t: TestContext,
  options: {
    notReady?: () => readonly string[];
    refreshMetrics?: () => void;
    routes?: Record<string, AdminOperation['handle']>;
  } = {},
): Promise<Ask> {
  const { routes = {}, ...others } = options;
  const server = await openAdminServer({
    host: '127.0.0.1',
    port: 0,
    tokens: { admin: token },
    metrics: new Metrics('ct_proxy_'),
    metricsAccess: new MetricsAccess({ CT_METRICS_ALLOW: ['127.0.0.1/32'], CT_METRICS_TOKEN: '' }),
    refreshMetrics: () => undefined,
    notReady: () => [],
    operations: Object.entries(routes).map(([path, handle]) => ({
      method: 'GET',
      path,
      role: 'reader',
      handle,
    })),
    ...others,
  });
  t.after(() => server.close());
  return async (path, { method = 'GET', headers = {} } = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const asking = request({ host: '127.0.0.1', port: server.port, path, method, headers, agent: false });
    asking.once('error', reject);
    asking.once('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => (body += text));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          contentType: response.headers['content-type'] ?? '',
          body,
        }),
      );
    });
    asking.end();
    return await promise;
  };
}

test('a process that serves is alive and ready', async (t) => {
  const ask = await openAdmin(t);
  assert.equal((await ask('/livez')).status, 200);
  assert.deepEqual(JSON.parse((await ask('/readyz')).body), { status: 'ok', reasons: [] });
});

test('a process that does not serve is alive, not ready, and says why', async (t) => {
  const ask = await openAdmin(t, { notReady: () => ['no edge is ready'] });
  assert.equal((await ask('/livez')).status, 200);
  const answer = await ask('/readyz');
  assert.equal(answer.status, 503);
  assert.deepEqual(JSON.parse(answer.body), { status: 'not-ready', reasons: ['no edge is ready'] });
});

test('metrics are in the text format, refreshed for each reader', async (t) => {
  let refreshed = 0;
  const ask = await openAdmin(t, { refreshMetrics: () => void refreshed++ });
  const answer = await ask('/metrics');
  assert.match(answer.contentType, /^text\/plain/);
  assert.match(answer.body, /^# TYPE ct_proxy_pins gauge$/m);
  assert.equal(refreshed, 1);
});

test('a route needs the bearer token, exactly', async (t) => {
  const ask = await openAdmin(t, { routes: { '/edges': () => ['e1'] } });
  assert.deepEqual(JSON.parse((await ask('/edges', { headers: bearer })).body), ['e1']);
  const wrong = [
    '',
    'Bearer',
    `bearer ${token}`,
    `Bearer ${token}x`,
    `Bearer ${token.slice(1)}`,
    `Basic ${token}`,
  ];
  for (const authorization of wrong) {
    assert.equal((await ask('/edges', { headers: { authorization } })).status, 401, authorization);
  }
  assert.equal((await ask('/edges')).status, 401);
  assert.equal((await ask(`/edges?token=${token}`)).status, 401);
});

test('a route is told its query', async (t) => {
  const ask = await openAdmin(t, { routes: { '/where': ({ query }) => query.get('key') } });
  assert.equal((await ask('/where?key=k%201', { headers: bearer })).body, '"k 1"\n');
});

test('other paths and other methods are refused, with the token or without', async (t) => {
  const ask = await openAdmin(t, { routes: { '/edges': () => [] } });
  assert.equal((await ask('/nothing')).status, 404);
  assert.equal((await ask('/constructor', { headers: bearer })).status, 404);
  assert.equal((await ask('/edges', { method: 'POST', headers: bearer })).status, 405);
  assert.equal((await ask('/livez', { method: 'HEAD' })).status, 200);
});

test('a route that refuses answers with its code and tells no detail', async (t) => {
  const refuse = (): never => {
    throw new AppError('session-not-found', { facts: { secret: 'detail' } });
  };
  const answer = await (await openAdmin(t, { routes: { '/where': refuse } }))('/where', { headers: bearer });
  assert.equal(answer.status, 404);
  assert.ok(!answer.body.includes('detail'));
});

test('whatever fails in a route or in the metrics is one answer of 500, and the port serves on', async (t) => {
  const fail = (): never => {
    throw new Error('detail');
  };
  const circular: Record<string, unknown> = {};
  circular['itself'] = circular;
  const ask = await openAdmin(t, {
    refreshMetrics: fail,
    routes: {
      '/fails': fail,
      '/rejects': async () => await Promise.reject(new Error('detail')),
      '/circular': () => circular,
    },
  });
  for (const path of ['/metrics', '/fails', '/rejects', '/circular']) {
    const answer = await ask(path, { headers: bearer });
    assert.equal(answer.status, 500, path);
    assert.ok(!answer.body.includes('detail'), path);
  }
  assert.equal((await ask('/livez')).status, 200);
});

test('a path that no URL can hold is answered, not fatal', async (t) => {
  const ask = await openAdmin(t);
  assert.equal((await ask('//')).status, 500);
  assert.equal((await ask('/livez')).status, 200);
});
