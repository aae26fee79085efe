/** What a fleet derives from its join token: equal on all members, different per purpose, telling nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deriveFleetSecrets, hashKeyForLog, secretsEqual } from './fleet-secrets.ts';
import { parseAffinityKey } from './ids.ts';

const key = parseAffinityKey('k1')!;

test('all members derive the same secrets, and those of another token differ', () => {
  assert.deepEqual(deriveFleetSecrets('token-one'), deriveFleetSecrets('token-one'));
  assert.notDeepEqual(deriveFleetSecrets('token-one'), deriveFleetSecrets('token-two'));
});

test('each purpose has its own secret, and none shows the token', () => {
  const values = Object.values(deriveFleetSecrets('token-one'));
  assert.equal(new Set(values).size, values.length);
  for (const value of values) assert.ok(!value.includes('token-one'));
});

test('logs show a key as 64 bits that only the fleet can compute', () => {
  const secrets = deriveFleetSecrets('token-one');
  assert.match(hashKeyForLog(secrets, key), /^[0-9a-f]{16}$/);
  assert.equal(hashKeyForLog(secrets, key), hashKeyForLog(deriveFleetSecrets('token-one'), key));
  assert.notEqual(hashKeyForLog(secrets, key), hashKeyForLog(deriveFleetSecrets('token-two'), key));
  assert.notEqual(hashKeyForLog(secrets, key), hashKeyForLog(secrets, parseAffinityKey('k2')!));
});

test('secrets are equal when their bytes are', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      assert.equal(secretsEqual(a, a), true);
      assert.equal(secretsEqual(a, b), a === b);
    }),
  );
  assert.equal(secretsEqual('aä', 'aaa'), false);
});
