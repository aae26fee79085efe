/** The gate of the dashboard on real front doors: who gets in, how, for how long, and who is kept out. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  adminToken,
  ask,
  command,
  makeDataDir,
  plainEnv,
  startFrontDoor,
  until,
} from '../support/front-door.ts';
import type { LogLine } from '../support/front-door.ts';
import { askTls } from '../support/tls-client.ts';
import { basic, dashboardLogin, tokenIn, Viewer } from '../support/viewer.ts';

const { CT_DASHBOARD_USER: user, CT_DASHBOARD_PASSWORD: password } = dashboardLogin;

test('whoever logs in sees the dashboard until logging out, by a cookie that no script and no other site gets', async (t) => {
  const viewer = new Viewer(await startFrontDoor(t, { settings: dashboardLogin }));
  const first = await viewer.ask('/dashboard/');
  assert.deepEqual([first.status, first.headers.location], [303, '/dashboard/login?next=%2Fdashboard%2F']);
  const form = await viewer.ask(first.headers.location!);
  assert.match(String(form.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
  assert.equal(form.headers['x-content-type-options'], 'nosniff');
  assert.equal(form.headers['referrer-policy'], 'same-origin');
  const refused = await viewer.logIn(user, 'not the password');
  assert.deepEqual([refused.status, viewer.cookies.has('ct-viewer')], [403, false]);
  const accepted = await viewer.logIn(user, password);
  assert.deepEqual([accepted.status, accepted.headers.location], [303, '/dashboard/']);
  assert.match(
    String(accepted.headers['set-cookie']),
    /; Path=\/dashboard; Max-Age=3600; HttpOnly; SameSite=Strict$/,
  );
  const { name, role, by, csrf } = (await viewer.ask('/dashboard/viewer')).json as Record<string, string>;
  assert.deepEqual([name, role, by], ['ada', 'admin', 'password']);
  const left = await viewer.post('/dashboard/logout', { csrf: csrf! });
  assert.deepEqual([left.status, viewer.cookies.has('ct-viewer')], [303, false]);
  assert.equal((await viewer.ask('/dashboard/')).status, 303);
});

test('a request that changes something needs the token and a page of this server', async (t) => {
  const viewer = new Viewer(await startFrontDoor(t, { settings: dashboardLogin }));
  await viewer.logIn(user, password);
  const { csrf } = (await viewer.ask('/dashboard/viewer')).json as { csrf: string };
  const foreign = { origin: 'https://evil.example' };
  const wrong: [Record<string, string>, Record<string, string>][] = [
    [{}, {}],
    [{ csrf: `${csrf}x` }, {}],
    [{ csrf }, foreign],
    [{ csrf }, { origin: 'null' }],
    [{ csrf }, { 'sec-fetch-site': 'cross-site' }],
    [{ csrf }, { 'sec-fetch-site': 'same-site' }],
  ];
  for (const [fields, headers] of wrong) {
    for (const path of ['/dashboard/logout', '/dashboard/anything']) {
      const more = fields['csrf'] === undefined ? {} : { 'x-csrf-token': fields['csrf'] };
      const answer = await viewer.post(path, fields, { ...headers, ...more });
      assert.deepEqual(
        [answer.status, answer.json.code],
        [403, 'csrf-refused'],
        JSON.stringify([fields, headers]),
      );
    }
  }
  const passed = await viewer.post('/dashboard/anything', {}, { 'x-csrf-token': csrf });
  assert.equal(passed.json.code, 'not-found');
  // A form of somebody else logs nobody in.
  const stranger = new Viewer(viewer.door);
  const form = tokenIn((await stranger.ask('/dashboard/login')).text);
  const fields = { csrf: form, user, password };
  assert.equal((await stranger.post('/dashboard/login', fields, foreign)).status, 403);
  stranger.cookies.clear();
  assert.equal((await stranger.post('/dashboard/login', fields)).status, 403);
});

test('a script sends its password with each request, and is told where one is needed', async (t) => {
  const door = await startFrontDoor(t, {
    settings: { ...dashboardLogin, CT_DASHBOARD_READER_PASSWORD: 'a password to look' },
  });
  const nobody = await ask(door, '/dashboard/viewer');
  assert.deepEqual([nobody.status, nobody.json.code], [401, 'login-needed']);
  assert.match(nobody.headers['www-authenticate'] ?? '', /^Basic /);
  const seen = await ask(door, '/dashboard/viewer', { headers: basic(user, password) });
  assert.deepEqual(seen.json, { name: 'ada', role: 'admin', by: 'basic', csrf: '' });
  assert.equal(seen.headers['set-cookie'], undefined);
  const reader = await ask(door, '/dashboard/viewer', { headers: basic('reader', 'a password to look') });
  assert.equal((reader.json as { role?: string }).role, 'reader');
  const act = { method: 'POST', body: '{}' };
  const own = await ask(door, '/dashboard/x', { ...act, headers: basic(user, password) });
  assert.equal(own.json.code, 'not-found');
  const headers = { ...basic(user, password), origin: 'https://evil.example' };
  assert.equal((await ask(door, '/dashboard/x', { ...act, headers })).json.code, 'csrf-refused');
  for (const bad of ['Basic', 'Basic !!', 'Bearer x', `Basic ${Buffer.from('ada').toString('base64')}`])
    assert.equal((await ask(door, '/dashboard/', { headers: { authorization: bad } })).status, 401, bad);
});

test('who tries too many passwords has to wait, whoever knows the password and came before does not', async (t) => {
  const door = await startFrontDoor(t, { settings: { ...dashboardLogin, CT_TRUSTED_PROXIES: '127.0.0.1' } });
  const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });
  const right = basic(user, password);
  const look = async (address: string, login: Record<string, string>): Promise<number> =>
    (await ask(door, '/dashboard/viewer', { headers: { ...login, ...from(address) } })).status;
  assert.equal(await look('192.0.2.1', right), 200);
  for (let i = 0; i < 10; i++) assert.equal(await look('192.0.2.7', basic(user, `guess ${i}`)), 401);
  const limited = await ask(door, '/dashboard/viewer', { headers: { ...right, ...from('192.0.2.7') } });
  assert.deepEqual([limited.status, limited.json.code], [429, 'login-limited']);
  const wait = Number(limited.headers['retry-after']);
  assert.ok(wait > 0 && wait <= 30, `wait ${wait}`);
  for (let i = 0; i < 20; i++) assert.equal(await look(`192.0.2.${i + 100}`, basic(user, `guess ${i}`)), 401);
  assert.equal(await look('192.0.2.200', basic(user, 'guess')), 429);
  assert.equal(await look('192.0.2.200', right), 429);
  assert.equal(await look('192.0.2.1', right), 200);
  const viewer = new Viewer(door);
  const form = tokenIn((await viewer.ask('/dashboard/login')).text);
  const answer = await viewer.post('/dashboard/login', { csrf: form, user, password }, from('192.0.2.7'));
  assert.deepEqual([answer.status, Number(answer.headers['retry-after']) > 0], [429, true]);
  assert.equal(await door.metric('ct_proxy_dashboard_logins_total'), 30 + 4);
  const isLimited = ({ event, code }: LogLine): boolean =>
    event === 'login.refused' && code === 'login-limited';
  await door.log.next(isLimited, 'the limit is in the log');
  const audit = async (): Promise<string> =>
    await (
      await fetch(`${door.adminUrl}/admin/audit?limit=100`, {
        headers: { authorization: `Bearer ${adminToken}` },
      })
    ).text();
  await until(
    async () =>
      /"event":"login.refused","key":"","user":"ada","subject":"","client":"192.0.2.7"/.test(await audit()),
    'the audit says whose password was guessed, and from where',
  );
});

test('where nobody has set a password, front doors side by side make one together, and log it once', async (t) => {
  const dataDir = makeDataDir(t);
  const doors = await Promise.all([startFrontDoor(t, { dataDir }), startFrontDoor(t, { dataDir })]);
  const isMade = ({ event }: { event: string }): boolean => event === 'dashboard.password-made';
  const made = await Promise.race(doors.map(async (door) => await door.log.next(isMade, 'a password')));
  const [name, given] = [String(made['user']), String(made['password'])];
  assert.equal(name, 'ctuser');
  const viewer = new Viewer(doors[0]);
  assert.equal((await viewer.logIn(name, given)).status, 303);
  // The other one knows the viewer by the cookie.
  viewer.door = doors[1];
  assert.equal((await viewer.ask('/dashboard/viewer')).status, 200);
  assert.equal((await ask(doors[1], '/dashboard/viewer', { headers: basic(name, given) })).status, 200);
  assert.equal(doors.flatMap((door) => door.log.items.filter(isMade)).length, 1);
});

test('a password may be set as a hash that a command makes, and a login ends when a reload sets another one', async (t) => {
  const made = execFileSync(process.execPath, [command, 'hash-password'], {
    input: `${password}\n`,
    encoding: 'utf8',
  });
  assert.match(made, /^scrypt:15:8:3:[\w-]+:[\w-]+\n$/);
  const folder = makeDataDir(t);
  const file = join(folder, 'settings.env');
  const set = (value: string): void => writeFileSync(file, `CT_LOGS_USER=ada\nCT_LOGS_PASSWORD=${value}\n`);
  set(made.trim());
  const settings = { CT_SETTINGS_FILE: file, CT_SELF_SIGNED: 'yes' };
  const door = await startFrontDoor(t, { settings });
  const viewer = new Viewer(door);
  assert.equal((await viewer.logIn('ada', password)).status, 303);
  assert.equal((await viewer.ask('/dashboard/viewer')).status, 200);
  set('another password');
  const headers = { authorization: `Bearer ${adminToken}` };
  await fetch(`${door.adminUrl}/admin/reload`, { method: 'POST', headers, body: '{}' });
  assert.equal((await viewer.ask('/dashboard/viewer')).status, 303);
  assert.equal((await viewer.logIn('ada', password)).status, 403);
  assert.equal((await viewer.logIn('ada', 'another password')).status, 303);
  const overTls = await askTls(door.httpsPort, { target: '/dashboard/login', headers: '' });
  assert.match(overTls.head, /^set-cookie: ct-login=.*; SameSite=Strict; Secure\r?$/m);
  const faulty = spawnSync(process.execPath, [command, 'check'], {
    env: plainEnv({ CT_DASHBOARD_PASSWORD: made.trim().slice(0, -3) }),
    encoding: 'utf8',
  });
  assert.match(
    faulty.stderr + faulty.stdout,
    /CT_DASHBOARD_PASSWORD: is no whole line of mooring hash-password/,
  );
});
