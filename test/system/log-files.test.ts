/** Log files behind the gate of a real front door: what is listed, in parts and as an archive, and what nobody gets. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { request } from '#shared/node-http.ts';
import { ask, makeDataDir, startFrontDoor, until } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { basic, dashboardLogin, Viewer } from '../support/viewer.ts';

const { CT_DASHBOARD_USER: user, CT_DASHBOARD_PASSWORD: password } = dashboardLogin;
const login = basic(user, password);
const sessions = 'begun,ended\n2026-11-28,2026-11-28\n';

async function open(t: TestContext): Promise<{ door: FrontDoor; folder: string }> {
  const folder = join(makeDataDir(t), 'logs');
  mkdirSync(folder);
  writeFileSync(join(folder, 'session-metrics.csv'), sessions);
  writeFileSync(join(folder, 'download-metrics.csv'), 'day,client\n');
  writeFileSync(join(folder, 'usage.log'), '0123456789');
  writeFileSync(join(folder, 'usage.log.20261128T101500000Z-000-7'), 'old');
  const settings = { ...dashboardLogin, CT_LOG_DIR: folder, CT_DASHBOARD_READER_PASSWORD: 'to look' };
  const door = await startFrontDoor(t, { settings });
  return { door, folder };
}

/** All bytes, as they are. */
async function download(door: FrontDoor, path: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const sent = request({ port: door.port, host: '127.0.0.1', path, headers: login, agent: false });
  sent.once('response', (response) => void buffer(response).then(resolve, reject));
  sent.once('error', reject);
  sent.end();
  return await promise;
}

test('an administrator gets the list of log files, each of them, parts of them and the CSV files as one archive', async (t) => {
  const { door, folder } = await open(t);
  const viewer = new Viewer(door);
  assert.equal((await viewer.ask('/logs')).headers.location, '/logs/');
  assert.equal((await viewer.ask('/logs/')).headers.location, '/dashboard/logs/');
  await viewer.logIn(user, password, '/dashboard/logs/');
  const page = await viewer.ask('/dashboard/logs/');
  assert.match(page.text, /href="\.\/usage\.log"/);
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
  assert.equal((await viewer.ask('/dashboard/logs/usage.log')).text, '0123456789');
  const listed = (await ask(door, '/logs/', { headers: login })).json as {
    files: { name: string; bytes: number }[];
  };
  const names = listed.files.map(({ name }) => name);
  assert.ok(
    names.includes('access.log') && names.at(-1) === 'usage.log.20261128T101500000Z-000-7',
    names.join(),
  );
  const part = await ask(door, '/logs/usage.log', { headers: { ...login, range: 'bytes=2-4' } });
  assert.deepEqual([part.status, part.text, part.headers['content-range']], [206, '234', 'bytes 2-4/10']);
  const rest = await ask(door, '/logs/usage.log', { headers: { ...login, range: 'bytes=-3' } });
  assert.deepEqual([rest.status, rest.text], [206, '789']);
  const beyond = await ask(door, '/logs/usage.log', { headers: { ...login, range: 'bytes=10-' } });
  assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, 'bytes */10']);
  const head = await ask(door, '/logs/usage.log', { headers: login, method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '10', '']);
  const archive = join(folder, 'got.tar.gz');
  writeFileSync(archive, await download(door, '/logs/metrics.tar.gz'));
  const untarred = (...args: string[]): string => execFileSync('tar', args, { encoding: 'utf8' });
  assert.equal(untarred('-tzf', archive), 'session-metrics.csv\ndownload-metrics.csv\n');
  assert.equal(untarred('-xzOf', archive, 'session-metrics.csv'), sessions);
  const isWritten = async (): Promise<boolean> =>
    (await download(door, '/logs/access.log')).includes('"route":"dashboard"');
  await until(isWritten, 'the access log has what was asked for');
});

test('nothing but log files of the folder is given to anybody, and nothing at all to nobody', async (t) => {
  const { door, folder } = await open(t);
  writeFileSync(join(folder, 'secret.key'), 'secret');
  symlinkSync('/etc/passwd', join(folder, 'passwd.log'));
  // The password that a pool makes for its administrator stands in a log.
  for (const path of ['/logs/', '/logs/usage.log', '/logs/metrics.tar.gz', '/logs/nothing.log']) {
    const { status, json } = await ask(door, path, { headers: basic('reader', 'to look') });
    assert.deepEqual([status, json.code], [403, 'role-missing'], path);
  }
  symlinkSync(join(folder, 'secret.key'), join(folder, 'inner.log'));
  mkdirSync(join(folder, 'folder.log'));
  execFileSync('mkfifo', [join(folder, 'pipe.log')]);
  const wrong = ['secret.key', 'passwd.log', 'inner.log', 'folder.log', 'pipe.log', 'none.log', '.log'];
  const paths = [
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e/proxy.secret',
    'usage.log%00',
    'usage.log/',
    './/usage.log',
    'a%5cb.log',
  ];
  for (const name of [...wrong, ...paths]) {
    const { status } = await ask(door, `/logs/${name}`, { headers: login });
    assert.ok(status === 404 || status === 400, `${name}: ${status}`);
  }
  const listed = (await ask(door, '/logs/', { headers: login })).text;
  assert.doesNotMatch(listed, /passwd|inner|folder\.log|pipe|secret/);
  for (const path of ['/logs/usage.log', '/logs/', '/dashboard/logs/usage.log', '/logs/metrics.tar.gz'])
    assert.equal((await ask(door, path, { headers: { authorization: 'Basic x' } })).status, 401, path);
  assert.equal((await ask(door, '/logs/usage.log', { headers: login, method: 'DELETE' })).status, 405);
  const bare = await startFrontDoor(t, { settings: dashboardLogin });
  assert.match(
    (await ask(bare, '/logs/', { headers: { ...login, accept: 'text/html' } })).text,
    /CT_LOG_DIR/,
  );
  assert.equal((await ask(bare, '/logs/usage.log', { headers: login })).status, 404);
});
