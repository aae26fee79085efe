/** Login and session tokens: what is signed comes back, and nothing else is believed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SignJWT, UnsecuredJWT, decodeJwt } from 'jose';
import { AppError } from './errors.ts';
import { parseAffinityKey } from './ids.ts';
import { SessionTokens, decodeSessionKey } from './session-token.ts';
import type { SessionClaim } from './session-token.ts';

const secret = 'a-secret-of-enough-length-for-this';
const tokens = new SessionTokens(secret, 1);
const user = { id: 'u1', name: 'Ada', email: 'ada@example.org', authProvider: 'Unverified' };
const claim: SessionClaim = { room: parseAffinityKey('k1')!, roomClock: 3, user, host: true };

function isInvalid(error: unknown): boolean {
  return error instanceof AppError && error.code === 'token-invalid';
}

/** A token of anybody: right but for what the caller changes. */
async function forge(change: {
  payload?: Record<string, unknown>;
  issuer?: string;
  audience?: string;
  key?: string;
  algorithm?: string;
  expiresIn?: string;
}): Promise<string> {
  const jwt = new SignJWT({ room: 'k1', roomClock: 3, user, ...change.payload })
    .setProtectedHeader({ alg: change.algorithm ?? 'HS256' })
    .setIssuer(change.issuer ?? 'mooring')
    .setAudience(change.audience ?? 'session')
    .setIssuedAt();
  if (change.expiresIn !== 'never') jwt.setExpirationTime(change.expiresIn ?? '1h');
  return await jwt.sign(new TextEncoder().encode(change.key ?? secret));
}

test('what a login token says comes back', async () => {
  assert.deepEqual(await tokens.verifyLogin(await tokens.signLogin(user)), user);
});

test('what a session token says comes back', async () => {
  assert.deepEqual(await tokens.verifySession(await tokens.signSession(claim)), claim);
});

test('who is not called host is a guest', async () => {
  assert.equal((await tokens.verifySession(await forge({}))).host, false);
});

test('a login token opens no session, and a session token is no login', async () => {
  await assert.rejects(tokens.verifySession(await tokens.signLogin(user)), isInvalid);
  await assert.rejects(tokens.verifyLogin(await tokens.signSession(claim)), isInvalid);
});

test('a token lives as long as it is told to', async () => {
  const { iat, exp } = decodeJwt(await new SessionTokens(secret, 168).signLogin(user));
  assert.equal(exp! - iat!, 168 * 3_600);
});

const forgeries: readonly (readonly [what: string, make: () => Promise<string> | string])[] = [
  ['of another secret', async () => await forge({ key: 'another-secret-of-enough-length' })],
  ['of another issuer', async () => await forge({ issuer: 'somebody' })],
  ['for another audience', async () => await forge({ audience: 'login' })],
  ['of another algorithm', async () => await forge({ algorithm: 'HS512', key: secret.repeat(2) })],
  ['of another algorithm with our secret', async () => await forge({ algorithm: 'HS384' })],
  ['that has expired', async () => await forge({ expiresIn: '-1s' })],
  ['that never expires', async () => await forge({ expiresIn: 'never' })],
  ['without a signature', unsecured],
  ['whose session is no key', async () => await forge({ payload: { room: 'a b' } })],
  ['whose session is no text', async () => await forge({ payload: { room: 7 } })],
  ['whose clock is negative', async () => await forge({ payload: { roomClock: -1 } })],
  ['without a user', async () => await forge({ payload: { user: undefined } })],
  ['whose user has no name', async () => await forge({ payload: { user: { id: 'u1', name: '' } } })],
  [
    'whose user has an endless name',
    async () => await forge({ payload: { user: { id: 'u', name: 'n'.repeat(257) } } }),
  ],
  ['that is nothing', () => ''],
  ['that is no token', () => 'a.b.c'],
];

function unsecured(): string {
  const jwt = new UnsecuredJWT({ room: 'k1', roomClock: 3, user });
  return jwt.setIssuer('mooring').setAudience('session').setIssuedAt().setExpirationTime('1h').encode();
}

for (const [what, make] of forgeries) {
  test(`refused: a session token ${what}`, async () => {
    await assert.rejects(tokens.verifySession(await make()), isInvalid);
  });
}

test('a token with one character changed is refused', async () => {
  const token = await tokens.signSession(claim);
  for (let at = 0; at < token.length - 1; at += 7) {
    const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
    await assert.rejects(tokens.verifySession(changed), isInvalid, `at ${at}`);
  }
});

test('routing reads the key of a token that nobody has verified', async () => {
  assert.equal(decodeSessionKey(await forge({ key: 'another-secret-of-enough-length' })), 'k1');
  assert.equal(decodeSessionKey(unsecured()), 'k1');
});

test('routing reads no key from a login token, nor from any other text', async () => {
  assert.equal(decodeSessionKey(await tokens.signLogin(user)), undefined);
  const part = fc.oneof(
    fc.base64String(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      const key = decodeSessionKey(parts.join('.'));
      assert.ok(key === undefined || typeof key === 'string');
    }),
  );
});
