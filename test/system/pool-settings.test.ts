/** Settings of the pool that change while it runs: every front door and edge takes them up, also those that start later. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startEdgeOf } from '../support/edge-process.ts';
import { adminToken, ask, isReady, makeDataDir, startFrontDoor, until } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { hostSession, joinSession, logIn } from '../support/oct-client.ts';
import { startPool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';

const young = 'OCT_CODE_VSCodium@0.3.8';

async function put(door: FrontDoor, path: string, body: object): Promise<{ status: number; answer: Answer }> {
  const headers = { authorization: `Bearer ${adminToken}` };
  const response = await fetch(door.adminUrl + path, { method: 'PUT', headers, body: JSON.stringify(body) });
  return { status: response.status, answer: (await response.json()) as Answer };
}

interface Answer {
  readonly code?: string;
  readonly params?: readonly string[];
  readonly version?: number;
}

/** Whether a client that says this of itself may begin a session at this address: it is told why not, or lets a guest in. */
async function mayHost(t: TestContext, url: string, client: string): Promise<boolean> {
  const options = { url, client, webSocketOnly: true };
  const host = await hostSession({ ...options, loginToken: await logIn(url, 'ann') });
  t.after(() => host.dispose());
  const refused = host.events.next(({ kind }) => kind === 'error', 'the reason').then(() => false);
  const hosted = joinSession({ ...options, loginToken: await logIn(url, 'bob') }, host.key).then(
    (guest) => {
      t.after(() => guest.dispose());
      return true;
    },
    () => false,
  );
  return await Promise.race([refused.catch(() => false), hosted]);
}

test('a rule for hosts holds on every edge through every front door, also for those that start later', async (t) => {
  const dataDir = makeDataDir(t);
  const doors = [await startFrontDoor(t, { dataDir }), await startFrontDoor(t, { dataDir })];
  startEdgeOf(t, doors, 'e1');
  const areReady = async (count: number): Promise<boolean> =>
    (await doors[0]!.edges()).filter(isReady).length === count;
  await until(async () => await areReady(1), 'the edge is ready');
  const url = (door: FrontDoor): string => `http://${door.host}`;
  assert.equal(await mayHost(t, url(doors[1]!), 'OCT_CODE_VSCodium@0.3.1'), true);
  const { status, answer } = await put(doors[0]!, '/admin/hosting', { minimumVersion: '0.3.5' });
  assert.deepEqual([status, answer.version], [200, 1]);
  for (const [i, door] of doors.entries())
    await until(
      async () => !(await mayHost(t, url(door), `OCT_CODE_VSCodium@0.2.${i}`)),
      `door ${i} follows`,
    );
  const late = await startFrontDoor(t, { dataDir });
  startEdgeOf(t, [...doors, late], 'e2');
  await until(async () => await areReady(2), 'the second edge is ready');
  // Sessions of new keys go to both.
  for (let i = 0; i < 4; i++)
    assert.equal(await mayHost(t, url(doors[1]!), `OCT_CODE_VSCodium@0.1.${i}`), false);
  assert.equal(await mayHost(t, url(doors[1]!), young), true);
});

test('what makes no sense is refused with the reason, and who has not seen the newest is told', async (t) => {
  const door = await startFrontDoor(t);
  const isRefused = async (path: string, body: object, reason: RegExp): Promise<void> => {
    const { status, answer } = await put(door, path, body);
    assert.deepEqual([status, answer.code], [400, 'body-invalid'], JSON.stringify(body));
    assert.match(answer.params!.join('\n'), reason);
  };
  await isRefused(
    '/admin/hosting',
    { minimumVersion: 'newest' },
    /minimumVersion: is no version, such as 0\.3\.8/,
  );
  await isRefused('/admin/hosting', { unidentified: 'maybe' }, /unidentified/);
  await isRefused('/admin/session-ends', { idleMinutes: -5 }, /idleMinutes/);
  await isRefused('/admin/session-ends', { idle: 5 }, /idle/);
  await isRefused('/admin/banner', { banner: { text: '' } }, /banner\.text/);
  await isRefused('/admin/banner', { banner: { text: 'a\nb' } }, /cannot be shown/);
  await isRefused('/admin/banner', {}, /banner/);
  assert.equal((await put(door, '/admin/banner', { version: 0, banner: { text: 'one' } })).status, 200);
  const stale = await put(door, '/admin/banner', { version: 0, banner: { text: 'two' } });
  assert.equal(stale.answer.code, 'setting-changed');
  assert.match(stale.answer.params!.join(), /^Version 1: .*"text":"one"/);
});

test('a banner stands on every page of every front door until its time is over', async (t) => {
  const dataDir = makeDataDir(t);
  const one = await startFrontDoor(t, { dataDir });
  const other = await startFrontDoor(t, { dataDir });
  const banner = { text: 'Down at <8>', level: 'warning' };
  assert.equal((await put(one, '/admin/banner', { banner })).status, 200);
  const shown =
    /<div class="banner warning" role="alert"><strong>Warning: <\/strong>Down at &lt;8&gt;<\/div>/;
  for (const door of [one, other]) {
    for (const path of ['/', '/login.html', '/clients/'])
      await until(async () => shown.test((await ask(door, path)).text), `${path} shows it`);
    const meta = JSON.parse((await ask(door, '/api/meta')).text) as { banner: object };
    assert.deepEqual(meta.banner, { ...banner, until: null });
  }
  assert.equal(
    (await put(one, '/admin/banner', { banner: { ...banner, until: Date.now() - 1 } })).status,
    200,
  );
  for (const door of [one, other])
    await until(async () => !shown.test((await ask(door, '/')).text), 'it is over');
  assert.ok(!(await ask(one, '/api/meta')).text.includes('banner'));
});

test('on one machine the commands set all of it, and the audit tells who did', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '1' } });
  const mooring = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCommand(t, [...args, '--data-dir', pool.dataDir]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  assert.match(
    await mooring('hosting', '0.3.5', '--client', 'Theia=1.70'),
    /every client +0\.3\.5\nTheia +1\.70\n/,
  );
  assert.match(await mooring('session-ends', '--idle', '15'), /when nothing is said +15 min/);
  assert.match(
    await mooring('session-ends', '--after-guests', '0'),
    /left +never\nwhen nothing is said +15 min/,
  );
  assert.match(
    await mooring('banner', 'Hello', '--until', '2126-01-01T00:00:00Z'),
    /info, until 2126-01-01T00:00:00.000Z: Hello/,
  );
  await until(async () => !(await mayHost(t, pool.url, 'OCT_CODE_VSCodium@0.3.1')), 'the edge follows');
  assert.match(await (await fetch(pool.url)).text(), /<div class="banner info" role="status">Hello<\/div>/);
  assert.equal(await mooring('banner', 'off'), 'no banner\n');
  const { answer } = await pool.look('/admin/audit');
  assert.match(JSON.stringify(answer), /setSessionEnds, .*\\"idleMinutes\\":15/);
  const wrong = await runCommand(t, ['session-ends', '--idle', 'soon', '--data-dir', pool.dataDir]);
  assert.match(wrong.stderr, /soon: say minutes, 0 or own/);
});
