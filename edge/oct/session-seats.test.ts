/** Guests who were let in and do not come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpectedGuests } from './session-seats.ts';

test('guests who never came are not kept, also where nobody counts seats', () => {
  let nowMs = 0;
  let looks = 0;
  const expected = new ExpectedGuests(() => (looks++, nowMs));
  for (let at = 0; at < 1_000; at++) {
    expected.expect('gina');
    nowMs += 31_000;
  }
  looks = 0;
  assert.equal(expected.has('gina'), false);
  assert.ok(looks <= 1, `${looks} are held`);
});
