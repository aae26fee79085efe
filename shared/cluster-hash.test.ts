/** The hash that an edge and a front door compare: over what must be equal, and over nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashClusterSettings } from './cluster-hash.ts';
import { loadSettings } from './settings/load.ts';
import type { Role, Settings } from './settings/schema.ts';

const fleet = {
  CT_JOIN_TOKEN: 'join-token-of-enough-length',
  CT_SESSION_SECRET: 'session-secret-of-enough-length',
  CT_LOCATOR: 'ws://127.0.0.1:1091',
};

function hash(env: Record<string, string>, role: Role = 'edge'): string {
  const result = loadSettings({ role, env: { ...fleet, ...env } });
  assert.equal(result.kind, 'valid');
  return hashClusterSettings((result as { settings: Settings }).settings);
}

test('an edge and a front door of one fleet have the same hash', () => {
  assert.equal(hash({}, 'edge'), hash({}, 'proxy'));
});

test('a secret or a token life that differs shows', () => {
  const changes = [
    { CT_JOIN_TOKEN: 'another-token-of-enough-length' },
    { CT_SESSION_SECRET: 'another-secret-of-enough-length' },
    { CT_TOKEN_LIFETIME_HOURS: '1' },
  ];
  const hashes = changes.map((change) => hash(change));
  assert.equal(new Set([hash({}), ...hashes]).size, changes.length + 1);
});

test('what may differ between members does not show', () => {
  const own = {
    CT_EDGE_ID: 'edge-7',
    CT_EDGE_PORT: '4000',
    CT_LOG_LEVEL: 'debug',
    CT_ADMIN_TOKEN: 'x'.repeat(16),
  };
  assert.equal(hash(own), hash({}));
  assert.equal(hash({ CT_HTTP_PORT: '8080', CT_LOGIN: 'simple' }, 'proxy'), hash({}, 'proxy'));
});

test('the hash shows no secret', () => {
  assert.match(hash({}), /^[A-Za-z0-9_-]{43}$/);
});
