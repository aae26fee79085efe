/** Ids of members: one for each token, and fit for a command line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toMemberId } from './handshake.ts';

test('a token is one member each time, whose id no command line takes for an option', () => {
  const tokens = Array.from({ length: 2_000 }, (_, number) => `token ${number}`);
  const ids = tokens.map(toMemberId);
  assert.deepEqual(tokens.map(toMemberId), ids);
  assert.equal(new Set(ids).size, tokens.length);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_][A-Za-z0-9_-]{23}$/);
});
