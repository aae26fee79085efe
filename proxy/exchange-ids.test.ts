/** Ids of exchanges: each once, in this process and in others, and in the form of a UUID. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExchangeIds } from './exchange-ids.ts';

test('ids are UUIDs of version 8, and none comes twice', () => {
  const ids = new ExchangeIds();
  const others = new ExchangeIds();
  const seen = new Set<string>();
  for (let n = 0; n < 10_000; n++) {
    for (const id of [ids.next(), others.next()]) {
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      seen.add(id);
    }
  }
  assert.equal(seen.size, 20_000);
});
