/** Single sign-on with a real provider: the dashboard, front doors side by side, and what hostile clients and providers try. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SignJWT, UnsecuredJWT, decodeJwt, generateKeyPair, importJWK } from 'jose';
import type { JWTPayload } from 'jose';
import { hashPassword } from '#shared/password-hash.ts';
import type { Lifetime } from '../support/child-end.ts';
import { makeDataDir, startFrontDoor } from '../support/front-door.ts';
import type { FrontDoor, LogLine } from '../support/front-door.ts';
import { runCommand } from '../support/run-command.ts';
import { clientId, comeBack, startSignOnProvider } from '../support/sign-on-provider.ts';
import type { SignOnProvider } from '../support/sign-on-provider.ts';
import { Viewer } from '../support/viewer.ts';

test('whom the provider knows gets into the dashboard of any front door, with the role of the group', async (t) => {
  const provider = await startSignOnProvider(t);
  const dataDir = makeDataDir(t);
  const doors = [
    await startFrontDoor(t, { dataDir, settings: provider.settings }),
    await startFrontDoor(t, { dataDir, settings: provider.settings }),
  ] as const;
  await provider.serve(`http://${doors[0].host}`, `http://${doors[1].host}`);
  for (const [name, role] of [
    ['ada', 'admin'],
    ['bob', 'reader'],
    ['eve', undefined],
  ] as const) {
    const viewer = new Viewer(doors[0]);
    const form = await viewer.ask('/dashboard/login?next=/dashboard/logs/');
    const [, link] = /href="(\/dashboard\/sso[^"]*)"/.exec(form.text) ?? [];
    const back = await comeBack(viewer, name, link);
    // Another front door gets the way back.
    viewer.door = doors[1];
    const landed = await viewer.ask(back);
    if (role === undefined) {
      assert.deepEqual([landed.status, viewer.cookies.has('ct-viewer')], [403, false]);
      assert.match(landed.text, /sso-group-missing/);
      continue;
    }
    assert.equal(landed.status, 200);
    assert.match(landed.text, /content="0;url=\/dashboard\/logs\/"/);
    let csrf = '';
    for (const door of doors) {
      viewer.door = door;
      const seen = (await viewer.ask('/dashboard/viewer')).json as Record<string, string>;
      assert.deepEqual([seen['name'], seen['role'], seen['by']], [`${name}@example.org`, role, 'sso']);
      csrf = seen['csrf']!;
    }
    // Its button ends the login at the provider, too: else whoever is next at this screen is let in as the same person.
    const pressed = await viewer.post('/dashboard/logout', { csrf });
    assert.match(pressed.text, /content="0;url=\/sso\/logout"/);
    assert.ok(!viewer.cookies.has('ct-viewer'));
    const left = await viewer.ask('/sso/logout');
    const { pathname, searchParams } = new URL(left.headers.location!);
    assert.equal(pathname, '/session/end');
    // The provider leads back with the state, by the address that is registered.
    const end = new URL(searchParams.get('post_logout_redirect_uri')!);
    assert.ok(doors.some(({ host }) => end.href === `http://${host}/sso/logout`));
    const over = await viewer.ask(`${end.pathname}?state=${searchParams.get('state')}`);
    assert.deepEqual([over.status, over.headers.location], [200, undefined]);
    assert.equal((await viewer.ask('/dashboard/viewer')).status, 303);
  }
});

async function open(t: Lifetime): Promise<{ provider: SignOnProvider; door: FrontDoor }> {
  const provider = await startSignOnProvider(t);
  const door = await startFrontDoor(t, { settings: provider.settings });
  await provider.serve(`http://${door.host}`);
  return { provider, door };
}

/** For tests whose provider is well when they end. */
const shared = await open({ after });

test('a way back that this browser did not begin, or that was used, lets nobody in', async () => {
  const { door } = shared;
  const refused = async (viewer: Viewer, path: string, status: number): Promise<void> => {
    const answer = await viewer.ask(path);
    assert.deepEqual([answer.status, viewer.cookies.has('ct-viewer')], [status, false], answer.text);
  };
  const victim = new Viewer(door);
  await refused(victim, await comeBack(new Viewer(door), 'ada'), 400);
  const forged = (await comeBack(victim, 'ada')).replace(/state=[^&]+/, 'state=forged');
  await refused(victim, forged, 400);
  await refused(victim, '/sso/authorization-code/callback', 400);
  // The code of somebody else, in a flow of one's own: the verifier does not fit.
  const own = new URLSearchParams((await comeBack(victim, 'ada')).split('?')[1]);
  const other = new URLSearchParams((await comeBack(new Viewer(door), 'bob')).split('?')[1]);
  own.set('code', other.get('code')!);
  await refused(victim, `/sso/authorization-code/callback?${own}`, 403);
  const mixed = await comeBack(victim, 'ada');
  await refused(victim, mixed.replace(/iss=[^&]+/, `iss=${encodeURIComponent('https://evil.example')}`), 403);
  // Used once, and once more with the cookie of its beginning.
  const thief = new Viewer(door);
  const back = await comeBack(thief, 'ada');
  const flow = thief.cookies.get('ct-sso')!;
  assert.equal((await thief.ask(back)).status, 200);
  thief.cookies.clear();
  thief.cookies.set('ct-sso', flow);
  await refused(thief, back, 403);
  thief.cookies.set('ct-sso', `${flow.slice(0, -4)}AAAA`);
  await refused(thief, back, 400);
});

test('a token that is not for us, not of the provider, too old or not signed by its key lets nobody in', async () => {
  const { provider, door } = shared;
  const linesBefore = door.log.items.length;
  const { privateKey: stranger } = await generateKeyPair('RS256');
  type Key = Parameters<SignJWT['sign']>[0];
  const sign = async (claims: JWTPayload, key?: Key): Promise<string> => {
    const [jwk] = provider.keys;
    const own = await importJWK(jwk!, 'RS256');
    return await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: jwk!.kid! }).sign(key ?? own);
  };
  const now = Math.floor(Date.now() / 1_000);
  const cases: Record<string, (claims: JWTPayload) => Promise<string> | string> = {
    'as it was': async (claims) => await sign(claims),
    'of another issuer': async (claims) => await sign({ ...claims, iss: 'https://evil.example' }),
    'for another client': async (claims) => await sign({ ...claims, aud: 'another' }),
    'for two, by another': async (claims) =>
      await sign({ ...claims, aud: [clientId, 'another'], azp: 'another' }),
    expired: async (claims) => await sign({ ...claims, exp: now - 600, iat: now - 900 }),
    'of another login': async (claims) => await sign({ ...claims, nonce: 'another' }),
    'signed by a stranger': async (claims) => await sign(claims, stranger),
    'signed by nobody': (claims) => new UnsecuredJWT(claims).encode(),
    'without a subject': async (claims) => await sign({ ...claims, sub: '' }),
  };
  for (const [name, change] of Object.entries(cases)) {
    const viewer = new Viewer(door);
    const back = await comeBack(viewer, 'ada');
    provider.tamper = async (path, answer) => {
      if (path !== '/token') return answer;
      const tokens = JSON.parse(answer.body) as { id_token: string };
      const changed = await change(decodeJwt(tokens.id_token));
      return { ...answer, body: JSON.stringify({ ...tokens, id_token: changed }) };
    };
    const answer = await viewer.ask(back);
    provider.tamper = undefined;
    const isGood = name === 'as it was';
    assert.deepEqual([answer.status, viewer.cookies.has('ct-viewer')], [isGood ? 200 : 403, isGood], name);
  }
  const isRefused = ({ event, code }: LogLine): boolean =>
    event === 'login.refused' && code === 'sso-refused';
  await door.log.after(linesBefore, isRefused, 'the refusal is in the log');
});

test('a provider that changes its keys, breaks down, hangs or comes back stops logins alone, and says so', async (t) => {
  const { provider, door } = shared;
  const loginsBefore = await door.metric('ct_proxy_sso_logins_total');
  const viewer = new Viewer(door);
  assert.equal((await viewer.ask(await comeBack(viewer, 'ada'))).status, 200);
  await provider.rotateKeys();
  const later = new Viewer(door);
  assert.equal((await later.ask(await comeBack(later, 'ada'))).status, 200);
  const back = await comeBack(later, 'ada');
  for (const fail of [(): void => provider.breakDown(), (): void => provider.hang()]) {
    fail();
    const answer = await later.ask(back);
    assert.deepEqual([answer.status, answer.headers['retry-after']], [502, '5']);
    assert.match(answer.text, /sso-unavailable/);
    // Who is in stays in.
    assert.equal((await viewer.ask('/dashboard/viewer')).status, 200);
  }
  await provider.rotateKeys();
  const last = new Viewer(door);
  assert.equal((await last.ask(await comeBack(last, 'bob'))).status, 200);
  assert.ok((await door.metric('ct_proxy_sso_logins_total')) >= loginsBefore + 5);
  const silent = await startSignOnProvider(t);
  const lost = new Viewer(await startFrontDoor(t, { settings: silent.settings }));
  assert.equal((await lost.ask('/dashboard/sso')).status, 502);
});

test('a person who does not agree at the provider is told so, and may begin again', async () => {
  const { door } = shared;
  const viewer = new Viewer(door);
  const state = new URL((await viewer.ask('/dashboard/sso')).headers.location!).searchParams.get('state');
  const answer = await viewer.ask(`/sso/authorization-code/callback?error=access_denied&state=${state}`);
  assert.equal(answer.status, 403);
  assert.match(answer.text, /href="\/dashboard\/sso\?next=/);
});

test('a provider that shows its keys to clients alone, names another token endpoint, and calls groups otherwise, is asked as it wants', async (t) => {
  const provider = await startSignOnProvider(t);
  const settings = {
    ...provider.settings,
    CT_SSO_SYSTEM_BASE_URL: '',
    CT_SSO_AUTHORIZATION_ENDPT: provider.url,
    CT_SSO_TOKEN_ENDPT: `${provider.url}/token`,
    CT_SSO_PROVIDER: 'IDCS',
    CT_SSO_SECURE_JWKS_ENDPT_ENABLE: 'true',
    CT_REQUEST_OFFLINE_ACCESS: 'true',
    CT_SSO_GROUPS_CLAIM: 'name',
    CT_SSO_ADMIN_GROUPS: 'Ada Lovelace',
  };
  const door = await startFrontDoor(t, { settings });
  await provider.serve(`http://${door.host}`);
  provider.guardsKeys = true;
  const viewer = new Viewer(door);
  assert.equal((await viewer.ask(await comeBack(viewer, 'ada'))).status, 200);
  assert.equal((await viewer.ask('/dashboard/viewer')).status, 200);
});

test('with a reload another client secret, other groups and other guests count, for who logs in and who is in', async (t) => {
  const provider = await startSignOnProvider(t);
  const dataDir = makeDataDir(t);
  const path = join(dataDir, 'settings.env');
  const { CT_SSO_CLIENT_SECRET: secret = '', CT_SSO_READER_GROUPS: _, ...fixed } = provider.settings;
  writeFileSync(path, 'CT_SSO_CLIENT_SECRET=not what the provider knows\n');
  const door = await startFrontDoor(t, { dataDir, settings: { ...fixed, CT_SETTINGS_FILE: path } });
  await provider.serve(`http://${door.host}`);
  const reload = async (...lines: readonly string[]): Promise<void> => {
    writeFileSync(path, `${lines.join('\n')}\n`);
    process.kill(door.pid, 'SIGHUP');
    const isOver = ({ event }: LogLine): boolean => event.startsWith('settings.re');
    assert.equal((await door.log.next(isOver, 'it is reloaded')).event, 'settings.reloaded');
  };
  const comeIn = async (name: string): Promise<Viewer | number> => {
    const viewer = new Viewer(door);
    const { status } = await viewer.ask(await comeBack(viewer, name));
    return status === 200 ? viewer : status;
  };
  assert.equal(await comeIn('ada'), 403);
  const right = `CT_SSO_CLIENT_SECRET="${secret}"`;
  await reload(right);
  const ada = await comeIn('ada');
  assert.ok(ada instanceof Viewer);
  assert.equal(await comeIn('eve'), 403);
  const guests = async (): Promise<boolean> => {
    const answer = await fetch(`http://${door.host}/api/login/initial`, { method: 'POST' });
    return (await answer.text()).includes('/api/login/guest');
  };
  assert.equal(await guests(), false);
  const guest = await hashPassword('a password of a guest', 'made');
  await reload(right, 'CT_SSO_READER_GROUPS=strangers', `CT_SSO_ALLOWED_GUESTS=grace=${guest}`);
  assert.ok((await comeIn('eve')) instanceof Viewer);
  assert.equal(await guests(), true);
  assert.equal((await ada.ask('/dashboard/viewer')).status, 200);
  writeFileSync(path, `${right}\nCT_SSO_TOKEN_ENDPT=http://elsewhere.example/token\n`);
  process.kill(door.pid, 'SIGHUP');
  await door.log.next(({ event }) => event === 'settings.refused', 'what makes no sense is refused');
});

test('whether there is single sign-on is decided at the start: a reload says that it needs a restart', async (t) => {
  const provider = await startSignOnProvider(t);
  const dataDir = makeDataDir(t);
  const path = join(dataDir, 'settings.env');
  writeFileSync(path, '');
  await startFrontDoor(t, { dataDir, settings: { CT_SETTINGS_FILE: path, CT_SSO_CLIENT_ID: clientId } });
  writeFileSync(path, `CT_SSO_SYSTEM_BASE_URL=${provider.url}\n`);
  const dry = await runCommand(t, ['reload', '--dry-run', '--data-dir', dataDir]);
  assert.match(dry.stdout, /^CT_SSO_SYSTEM_BASE_URL: \(empty\) -> http:\S+ +needs a restart$/m);
});
