/** What a dashboard is told and served, without a browser: the stream of the pool, the operations, the pages. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { get } from '#shared/node-http.ts';
import { ensureBuilt } from '../../proxy/dashboard/build.ts';
import { locatorOf, startEdge } from '../support/edge-process.ts';
import { ask, startFrontDoor } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { openHttp2, startSecureDoor } from '../support/http2-client.ts';
import { openLive } from '../support/live-reader.ts';
import type { LiveReader } from '../support/live-reader.ts';
import { eventually } from '../support/oct-inbox.ts';
import { basic, dashboardLogin } from '../support/viewer.ts';
import { openDocument } from '../support/y-document.ts';

const { CT_DASHBOARD_USER: user, CT_DASHBOARD_PASSWORD: password } = dashboardLogin;
const readerPassword = 'a password to look';
const settings = { ...dashboardLogin, CT_DASHBOARD_READER_PASSWORD: readerPassword };
const admin = basic(user, password);

async function watch(t: TestContext, door: FrontDoor): Promise<LiveReader> {
  const live = await openLive(door.port, admin);
  t.after(() => live.close());
  return live;
}

test('front doors side by side show one pool: its figures, its sessions and where they go', async (t) => {
  const a = await startFrontDoor(t, { settings });
  const b = await startFrontDoor(t, { settings, dataDir: a.dataDir });
  for (const id of ['edge-1', 'edge-2'])
    startEdge(t, { id, locators: [locatorOf(a), locatorOf(b)], dataDir: a.dataDir });
  const views = [await watch(t, a), await watch(t, b)];
  const all = async (what: string, isSo: (live: LiveReader) => boolean): Promise<void> =>
    await eventually(() => views.every((live) => live.picture !== undefined && isSo(live)), what);
  await all('two edges are ready', ({ picture }) => picture!.pool.ready === 2);
  await openDocument(t, `http://${a.host}`, { key: 'seen', name: 'notes' });
  const { edge } = await b.where('seen');
  await all('the session is there', ({ picture }) => picture!.places['seen'] === edge);
  await all('it is counted', ({ picture }) => picture!.pool.sessions === 1 && picture!.pool.users === 1);
  const other = edge === 'edge-1' ? 'edge-2' : 'edge-1';
  // Asked of the other front door than the one that its client uses.
  const body = JSON.stringify({ key: 'seen', edge: other });
  const moved = await ask(b, '/dashboard/api/move', { method: 'POST', body, headers: admin });
  assert.equal(moved.status, 200);
  await all('the session is at its next edge', ({ picture }) => picture!.places['seen'] === other);
  for (const live of views) assert.equal(live.count('snapshot'), 1, 'the rest came as changes');
});

test('a stream goes under HTTP/2, too, and ends when its front door stops', async (t) => {
  const { door, caPath } = await startSecureDoor(t, { settings });
  const client = await openHttp2(t, door.httpsPort, caPath);
  const stream = client.session.request({ ':path': '/dashboard/live', ...admin });
  let text = '';
  let hasEnded = false;
  stream.setEncoding('utf8').on('data', (more: string) => (text += more));
  stream.on('end', () => (hasEnded = true));
  await eventually(() => text.startsWith('event: snapshot\n'), 'the snapshot');
  const plain = await watch(t, door);
  await eventually(() => plain.count('snapshot') === 1, 'the snapshot');
  await door.end();
  await eventually(() => hasEnded && plain.isOver, 'both streams end');
  assert.ok(text.endsWith('event: pause\ndata: {}\n\n'), 'told, not broken off');
  assert.equal(plain.events.at(-1), 'pause');
});

test('a front door has 64 viewers at most, and lets the next one in when one has left', async (t) => {
  const door = await startFrontDoor(t, { settings });
  // Who asks for the head alone is none.
  for (let i = 0; i < 65; i++)
    assert.equal((await ask(door, '/dashboard/live', { method: 'HEAD', headers: admin })).status, 200);
  const viewers: LiveReader[] = [];
  while (viewers.length < 64) viewers.push(await watch(t, door));
  await assert.rejects(openLive(door.port, admin), /429/);
  viewers[0]!.close();
  await eventually(async () => await watch(t, door).then(Boolean, () => false), 'there is room again');
});

test('a reader looks and changes nothing; who is nobody gets nothing; what is asked wrongly is told in words', async (t) => {
  const door = await startFrontDoor(t, { settings });
  const reader = basic('reader', readerPassword);
  const looked = await ask(door, '/dashboard/api/status', { headers: reader });
  assert.equal(looked.status, 200);
  const sent = { method: 'POST', body: '{"edge":"edge-1"}' };
  const acted = await ask(door, '/dashboard/api/undrain', { ...sent, headers: reader });
  assert.deepEqual([acted.status, acted.json.code], [403, 'role-missing']);
  for (const path of ['/dashboard/live', '/dashboard/api/status', '/dashboard/'])
    assert.equal((await ask(door, path)).status, 401, path);
  const wrong: [string, string, string][] = [
    ['POST', '{"edge":', 'body-invalid'],
    ['POST', '{"edge":"edge-1","more":1}', 'body-invalid'],
    ['POST', '{"edge":"edge-9"}', 'edge-unknown'],
    ['PUT', '{"edge":"edge-9"}', 'method-refused'],
  ];
  for (const [method, body, code] of wrong) {
    const answer = await ask(door, '/dashboard/api/undrain', { method, body, headers: admin });
    assert.equal(answer.json.code, code, body);
  }
});

test('pages are compressed, named by their content and kept; no script or style stands in a page', async (t) => {
  await ensureBuilt();
  const door = await startFrontDoor(t, { settings });
  const page = await fetchRaw(door, '/dashboard/', { 'accept-encoding': 'gzip, br' });
  assert.equal(page.headers['cache-control'], 'no-cache');
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  const html = brotliDecompressSync(page.body).toString();
  assert.doesNotMatch(html, /<style|style=|<script(?![^>]* src=)|\son\w+=/);
  const assets = [...html.matchAll(/(?:src|href)="(\/dashboard\/[^"]+)"/g)].map(([, path]) => path!);
  assert.equal(assets.length, 2);
  let bytes = page.body.length;
  for (const path of assets) {
    const asset = await fetchRaw(door, path, { 'accept-encoding': 'br' });
    assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable', path);
    const plain = await fetchRaw(door, path, { 'accept-encoding': 'br;q=0' });
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.deepEqual(brotliDecompressSync(asset.body), plain.body);
    assert.deepEqual(
      gunzipSync((await fetchRaw(door, path, { 'accept-encoding': 'gzip' })).body),
      plain.body,
    );
    const again = await fetchRaw(door, path, { 'if-none-match': String(asset.headers.etag) });
    assert.deepEqual([again.status, again.body.length], [304, 0]);
    bytes += asset.body.length;
  }
  assert.ok(bytes < 300_000, `the page takes ${bytes} bytes`);
  for (const path of ['/dashboard/assets/none.js', '/dashboard/../shared/log.ts', '/dashboard/sources'])
    assert.equal((await fetchRaw(door, path)).status >= 400, true, path);
});

interface Fetched {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

async function fetchRaw(
  door: FrontDoor,
  path: string,
  headers: Record<string, string> = {},
): Promise<Fetched> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const all = { ...admin, ...headers };
  get({ host: '127.0.0.1', port: door.port, path, headers: all, agent: false }, resolve).on('error', reject);
  const response = await promise;
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) };
}
