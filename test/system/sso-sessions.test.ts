/** Sessions with single sign-on: unmodified clients log in by it in a real browser, and nobody comes in otherwise but chosen guests. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { ConnectionProvider } from 'open-collaboration-protocol';
import type { Browser } from 'playwright-core';
import { hashPassword } from '#shared/password-hash.ts';
import { SessionTokens } from '#shared/session-token.ts';
import { openBrowser } from '../support/browser.ts';
import { startFrontDoor } from '../support/front-door.ts';
import { hostSession, joinSession } from '../support/oct-client.ts';
import { startPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';
import { openDocument } from '../support/y-document.ts';
import { startSignOnProvider } from '../support/sign-on-provider.ts';

let browser: Browser | undefined;
before(async () => (browser = await openBrowser()));
after(async () => await browser?.close());

interface Offered {
  readonly name: string;
  readonly endpoint: string;
}

/** As an editor logs in: `confirm` gets what the server offers, and the token to confirm. */
async function logIn(
  url: string,
  confirm: (token: string, offered: readonly Offered[], page: string) => Promise<boolean>,
): Promise<{ token: string; offered: readonly Offered[] }> {
  let offered: readonly Offered[] = [];
  const client = new ConnectionProvider({
    url,
    fetch,
    transports: [],
    authenticationHandler: async (token, { providers, loginPageUrl }) => {
      offered = providers;
      return await confirm(token, offered, loginPageUrl!);
    },
  });
  return { token: await client.login({}), offered };
}

/** A person in front of the provider's pages, in Chromium. */
async function signOn(page: Awaited<ReturnType<Browser['newPage']>>, name: string): Promise<void> {
  await page.fill('input[name=login]', name);
  await page.fill('input[name=password]', 'any');
  await page.click('button[type=submit]');
  await page.click('button:has-text("Continue")');
}

async function openServed(
  t: TestContext,
  more: Record<string, string>,
): Promise<{ pool: Pool; url: string }> {
  const provider = await startSignOnProvider(t);
  const pool = await startPool(t, { env: { ...provider.settings, ...more, CT_EDGES: '1' } });
  await provider.serve(pool.url);
  return { pool, url: pool.url };
}

test('an editor gets in by a browser at the provider, a guest by a password of its own, and nobody by a name alone', async (t) => {
  const guest = await hashPassword('the guest of ada', 'made');
  const { pool, url } = await openServed(t, { CT_SSO_ALLOWED_GUESTS: `grace=${guest}` });
  const page = await browser!.newPage();
  t.after(async () => await page.close());
  const host = await logIn(url, async (_, __, loginPage) => {
    await page.goto(loginPage);
    await page.click('text=Log in with single sign-on');
    await signOn(page, 'ada');
    await page.getByRole('main').getByText('logged in as Ada Lovelace (ada@example.org)').waitFor();
    await page.click('text=Yes, log me in');
    await page.getByRole('main').getByText('Go back to your editor').waitFor();
    return true;
  });
  assert.deepEqual(
    host.offered.map(({ name }) => name),
    ['sso', 'guest'],
  );
  const post = async (path: string, body: object): Promise<Response> =>
    await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const invited = await logIn(url, async (token) => {
    assert.equal((await post('/api/login/simple', { token, user: 'mallory' })).status, 404);
    assert.equal((await post('/api/login/guest', { token, user: 'grace', password: 'a guess' })).status, 403);
    assert.equal(
      (await post('/api/login/guest', { token, user: 'mallory', password: 'a guess' })).status,
      403,
    );
    return (await post('/api/login/guest', { token, user: 'grace', password: 'the guest of ada' })).ok;
  });
  const ada = await hostSession({ url, loginToken: host.token });
  t.after(() => ada.dispose());
  const grace = await joinSession({ url, loginToken: invited.token }, ada.key);
  t.after(() => grace.dispose());
  assert.deepEqual([ada.self.name, grace.self.name], ['Ada Lovelace', 'grace']);
  await assert.rejects(hostSession({ url, loginToken: invited.token }));
  const before = await new SessionTokens(pool.secret('session'), 1).signLogin({
    id: 'x',
    name: 'old',
    authProvider: 'Unverified',
  });
  await assert.rejects(joinSession({ url, loginToken: before }, ada.key));
  // Documents ask for a login as well.
  const statusOf = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
    (await fetch(url + path, { headers })).status;
  assert.equal(await statusOf('/y/doc-key/notes'), 401);
  assert.equal(await statusOf('/y/doc-key/notes', { 'x-oct-jwt': `${host.token}x` }), 401);
  assert.equal(await statusOf('/api/locate/doc-key'), 401);
  assert.equal(await statusOf('/api/locate/doc-key', { 'x-oct-jwt': host.token }), 409);
  await openDocument(t, url, { key: 'doc-key', name: 'notes', params: { token: invited.token } });
  // The same person has the same id each time, so that a ban holds.
  const begun = (await (await post('/api/login/initial', {})).json()) as { pollToken: string };
  await page.goto(`${url}/api/login/sso?token=${begun.pollToken}`);
  await page.click('text=Yes, log me in');
  const again = (await (await post(`/api/login/poll/${begun.pollToken}`, {})).json()) as {
    loginToken: string;
  };
  const idOf = (token: string): unknown =>
    (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { id: string }).id;
  assert.equal(idOf(again.loginToken), idOf(host.token));
});

test('a person in a browser logs in to the dashboard by password and by single sign-on, and out again', async (t) => {
  const provider = await startSignOnProvider(t);
  const login = {
    CT_DASHBOARD_USER: 'root',
    CT_DASHBOARD_PASSWORD: await hashPassword('the password of root'),
  };
  const door = await startFrontDoor(t, { settings: { ...provider.settings, ...login } });
  const url = `http://${door.host}`;
  await provider.serve(url);
  const context = await browser!.newContext();
  t.after(async () => await context.close());
  const page = await context.newPage();
  const viewer = async (): Promise<string> => {
    await page.goto(`${url}/dashboard/viewer`);
    return (JSON.parse(await page.innerText('body')) as { name: string }).name;
  };
  await page.goto(`${url}/dashboard/`);
  await page.fill('#user', 'root');
  await page.fill('#password', 'wrong');
  await page.click('button');
  await page.getByRole('alert').filter({ hasText: 'wrong' }).waitFor();
  await page.fill('#user', 'root');
  await page.fill('#password', 'the password of root');
  await page.click('button');
  await page.waitForURL(`${url}/dashboard/`);
  assert.equal(await viewer(), 'root');
  await page.goto(`${url}/sso/logout`);
  await page.goto(`${url}/dashboard/`);
  await page.click('text=Log in with single sign-on');
  await signOn(page, 'bob');
  await page.waitForURL(`${url}/dashboard/`);
  assert.equal(await viewer(), 'bob@example.org');
  const cookies = await context.cookies(`${url}/dashboard/`);
  const { httpOnly, sameSite, path } = cookies.find(({ name }) => name === 'ct-viewer')!;
  assert.deepEqual({ httpOnly, sameSite, path }, { httpOnly: true, sameSite: 'Strict', path: '/dashboard' });
});
