/** The login providers: whom they vouch for, whom they refuse, and that their forms fit their endpoints. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '#shared/errors.ts';
import { apiKeyProvider, simpleProvider } from './providers.ts';

const apiKey = 'api-key-of-enough-length';
const byKey = apiKeyProvider(apiKey);

function codeOf(identify: () => unknown): string {
  try {
    identify();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'none';
}

test('the simple login takes a name as it is, without the space around it', () => {
  assert.deepEqual(simpleProvider.identify({ user: '  Ada L. ', token: 'ignored' }), {
    name: 'Ada L.',
    authProvider: 'Unverified',
  });
});

test('the simple login takes an email, and no empty one', () => {
  const identity = simpleProvider.identify({ user: 'Ada', email: ' ada@example.org ' });
  assert.equal(identity.email, 'ada@example.org');
  assert.ok(!('email' in simpleProvider.identify({ user: 'Ada', email: ' ' })));
});

test('the simple login refuses what is no name, or far too long', () => {
  const bad = [
    undefined,
    null,
    'Ada',
    {},
    { user: '' },
    { user: '  ' },
    { user: 7 },
    { user: 'n'.repeat(129) },
  ];
  for (const fields of [...bad, { user: 'Ada', email: 'e'.repeat(321) }, { user: 'Ada', email: 7 }]) {
    assert.equal(
      codeOf(() => simpleProvider.identify(fields)),
      'body-invalid',
      JSON.stringify(fields),
    );
  }
});

test('the login by key takes the key and nothing near it', () => {
  assert.equal(byKey.identify({ apiKey }).authProvider, 'API Key');
  for (const wrong of ['', `${apiKey} `, apiKey.slice(1), apiKey.toUpperCase(), 'x'.repeat(1_024)]) {
    assert.equal(
      codeOf(() => byKey.identify({ apiKey: wrong })),
      'login-refused',
      wrong,
    );
  }
});

test('the login by key refuses what is no text, or far too long', () => {
  for (const fields of [undefined, {}, { apiKey: 7 }, { apiKey: [apiKey] }, { apiKey: 'x'.repeat(1_025) }]) {
    assert.equal(
      codeOf(() => byKey.identify(fields)),
      'body-invalid',
      JSON.stringify(fields),
    );
  }
});

test('whatever is posted, a provider vouches or refuses with a code', () => {
  fc.assert(
    fc.property(fc.anything(), (fields) => {
      assert.ok(['none', 'body-invalid'].includes(codeOf(() => simpleProvider.identify(fields))));
      assert.ok(['body-invalid', 'login-refused'].includes(codeOf(() => byKey.identify(fields))));
    }),
  );
});

test('each form posts to the endpoint of its provider', () => {
  for (const provider of [simpleProvider, byKey]) {
    assert.equal((provider.form as { endpoint: string }).endpoint, `/api/login/${provider.name}`);
  }
});
