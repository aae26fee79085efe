/** Settings of single sign-on: what is refused before anybody relies on it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashPassword } from '../password-hash.ts';
import { loadSettings } from './load.ts';
import { guestsOf } from './sso-settings.ts';

const good = { CT_SSO_SYSTEM_BASE_URL: 'https://login.example.com/realms/x', CT_SSO_CLIENT_ID: 'mooring' };

function faultsOf(env: Record<string, string>, role: 'direct' | 'proxy' = 'direct'): readonly string[] {
  const result = loadSettings({ role, env });
  return result.kind === 'valid' ? [] : result.faults;
}

test('a provider is reached by TLS, or on this machine', () => {
  assert.deepEqual(faultsOf(good), []);
  assert.deepEqual(faultsOf({ ...good, CT_SSO_SYSTEM_BASE_URL: 'http://127.0.0.1:3000' }), []);
  for (const url of [
    'http://login.example.com',
    'http://127.0.0.1.example.com',
    'ftp://x',
    'login.example.com',
  ])
    for (const name of ['CT_SSO_SYSTEM_BASE_URL', 'CT_SSO_AUTHORIZATION_ENDPT', 'CT_SSO_TOKEN_ENDPT'])
      assert.match(faultsOf({ ...good, [name]: url }).join(), new RegExp(`^${name}: `), `${name} ${url}`);
});

test('single sign-on needs a client id, and pools of our own edges', () => {
  assert.match(faultsOf({ ...good, CT_SSO_CLIENT_ID: '' }).join(), /^CT_SSO_CLIENT_ID: is required/);
  const backend = { ...good, CT_BACKEND: 'a=http://10.0.0.1:3000' };
  assert.match(faultsOf(backend, 'proxy').join(), /static backends/);
});

test('the address of this server has no path', () => {
  assert.deepEqual(faultsOf({ ...good, CT_SSO_APP_BASE_URL: 'https://front.example.com:1443/' }), []);
  for (const url of ['https://front.example.com/x', 'front.example.com', 'https://u@front.example.com'])
    assert.match(faultsOf({ ...good, CT_SSO_APP_BASE_URL: url }).join(), /^CT_SSO_APP_BASE_URL: /, url);
});

test('a guest has a name and a hash, and a fault never shows the hash', async () => {
  const hash = await hashPassword('the password', 'made');
  assert.deepEqual(faultsOf({ ...good, CT_SSO_ALLOWED_GUESTS: `grace=${hash}, alan=${hash}` }), []);
  assert.deepEqual(guestsOf(` grace = ${hash} ,`), [{ name: 'grace', hash }]);
  for (const list of [`=${hash}`, 'grace', 'grace=the password', `grace=${hash.slice(0, -1)}`]) {
    const faults = faultsOf({ ...good, CT_SSO_ALLOWED_GUESTS: list }).join();
    assert.match(faults, /^CT_SSO_ALLOWED_GUESTS: /, list);
    assert.doesNotMatch(faults, /the password|scrypt:/);
  }
});
