/** The login dialogue of clients, from the first question to a token that verifies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { silentLog } from '#shared/log.ts';
import { SessionTokens } from '#shared/session-token.ts';
import type { LocalAnswer, LocalRequest } from '../local-answer.ts';
import { Login } from './login.ts';
import { apiKeyProvider, simpleProvider } from './providers.ts';

const tokens = new SessionTokens('session-secret-of-enough-length', 1);

function openLogin(): Login {
  let count = 0;
  return new Login({
    tokens,
    providers: () => [simpleProvider, apiKeyProvider('api-key-of-enough-length')],
    log: silentLog(),
    nowMs: () => 0,
    randomToken: () => `random-${++count}`,
  });
}

function ask(
  login: Login,
  path: string,
  more: Partial<LocalRequest> & { body?: unknown } = {},
): Promise<LocalAnswer<string>> {
  const { body = {}, ...rest } = more;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return login.answer({
    method: 'POST',
    path,
    query: '',
    host: 'localhost',
    target: path,
    headers: [],
    secure: false,
    client: '192.0.2.1',
    isRelayed: false,
    readBody: () => Promise.resolve(text),
    signal: new AbortController().signal,
    ...rest,
  });
}

async function start(login: Login): Promise<string> {
  const { body } = await ask(login, '/api/login/initial');
  return (JSON.parse(body) as { pollToken: string }).pollToken;
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof AppError && error.code === code;
}

test('a client that asks first is told its poll token, the login page and every provider', async () => {
  const answer = JSON.parse((await ask(openLogin(), '/api/login/initial')).body) as {
    pollToken: string;
    auth: { loginPageUrl: string; providers: { endpoint: string }[] };
  };
  assert.equal(answer.auth.loginPageUrl, `/login.html?token=${answer.pollToken}`);
  assert.deepEqual(
    answer.auth.providers.map((form) => form.endpoint),
    ['/api/login/simple', '/api/login/apikey'],
  );
});

test('a login that is confirmed gives a token for exactly that person', async () => {
  const login = openLogin();
  const token = await start(login);
  assert.equal((await ask(login, '/api/login/simple', { body: { token, user: 'Ada' } })).body, 'Ok');
  const answer = await ask(login, `/api/login/poll/${token}`);
  const { loginToken } = JSON.parse(answer.body) as { loginToken: string };
  const user = await tokens.verifyLogin(loginToken);
  assert.deepEqual([user.name, user.authProvider], ['Ada', 'Unverified']);
  assert.equal(answer.headers['set-cookie'], undefined);
  const valid = await ask(login, '/api/login/validate', { headers: ['X-OCT-JWT', loginToken] });
  assert.deepEqual(JSON.parse(valid.body), { valid: true });
  assert.equal((await ask(login, `/api/login/poll/${token}`)).status, 400);
});

test('a browser that asks for a cookie gets the token as one that scripts cannot read, and may show it', async () => {
  const login = openLogin();
  const token = await start(login);
  await ask(login, '/api/login/simple', { body: { token, user: 'Ada' } });
  const answer = await ask(login, `/api/login/poll/${token}`, { query: 'useCookie=true' });
  const cookie = answer.headers['set-cookie'] ?? '';
  assert.match(cookie, /^oct-jwt=[^;]+; .*HttpOnly/);
  const headers = ['cookie', `a=b; ${cookie.split(';')[0]}`];
  assert.deepEqual(JSON.parse((await ask(login, '/api/login/validate', { headers })).body), { valid: true });
});

test('a poll that is called off answers that there is nothing yet', async () => {
  const login = openLogin();
  const token = await start(login);
  assert.equal((await ask(login, `/api/login/poll/${token}`, { signal: AbortSignal.abort() })).status, 204);
});

test('a login that nobody started is refused before the provider is asked', async () => {
  const login = openLogin();
  for (const body of [{ user: 'Ada' }, { token: 'guessed', user: 'Ada' }, { token: 7, user: 'Ada' }]) {
    await assert.rejects(ask(login, '/api/login/simple', { body }), hasCode('login-refused'));
  }
});

test('a wrong key confirms nothing', async () => {
  const login = openLogin();
  const token = await start(login);
  const body = { token, apiKey: 'wrong' };
  await assert.rejects(ask(login, '/api/login/apikey', { body }), hasCode('login-refused'));
  assert.equal((await ask(login, `/api/login/poll/${token}`, { signal: AbortSignal.abort() })).status, 204);
});

test('a body that is no JSON object is refused', async () => {
  for (const body of ['', '[]', 'null', '"text"', '{']) {
    await assert.rejects(ask(openLogin(), '/api/login/simple', { body }), hasCode('body-invalid'), body);
  }
});

test('unknown providers and other methods are refused', async () => {
  await assert.rejects(ask(openLogin(), '/api/login/ldap'), hasCode('not-found'));
  await assert.rejects(ask(openLogin(), '/api/login/initial', { method: 'GET' }), hasCode('method-refused'));
  await assert.rejects(ask(openLogin(), '/api/logout', { method: 'POST' }), hasCode('method-refused'));
});

test('a token that does not verify, or none, is not valid and no failure', async () => {
  for (const headers of [[], ['x-oct-jwt', 'a.b.c'], ['cookie', 'oct-jwt=']]) {
    const answer = await ask(openLogin(), '/api/login/validate', { headers });
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [200, { valid: false }]);
  }
});

test('a logout takes the cookie away', async () => {
  const answer = await ask(openLogin(), '/api/logout', { method: 'GET' });
  assert.match(answer.headers['set-cookie'] ?? '', /^oct-jwt=; Max-Age=0/);
});
