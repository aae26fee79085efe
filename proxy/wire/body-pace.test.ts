/** A body's pace: what a slow client may do, and what a burst or a busy edge changes of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyPace } from './body-pace.ts';

test('a client that sends nothing has the grace, and is told that it was silent', () => {
  const pace = new BodyPace(100, 1_000);
  assert.equal(pace.owe(0, 0), 1_000);
  assert.equal(pace.owe(400, 0), undefined, 'as it was');
  assert.equal(pace.code, 'request-timeout');
});

test('each byte earns its time, up to the grace', () => {
  const pace = new BodyPace(100, 1_000);
  pace.owe(0, 0);
  assert.equal(pace.owe(500, 10), 600);
  assert.equal(pace.code, 'body-too-slow');
  assert.equal(pace.owe(500, 1_000_000), 1_000);
  assert.equal(pace.owe(900, 1_000_001), 610);
  assert.equal(pace.owe(5_000, 1_000_002), 0);
});

test('time in which nobody takes bytes costs the client nothing', () => {
  const pace = new BodyPace(100, 1_000);
  pace.owe(0, 0);
  pace.rest(300);
  assert.equal(pace.owe(60_000, 0), 700);
});

test('with 0 bytes a second any pace will do, but not silence', () => {
  const pace = new BodyPace(0, 1_000);
  assert.equal(pace.owe(0, 0), 1_000);
  assert.equal(pace.owe(900, 1), 1_000);
  assert.equal(pace.code, 'request-timeout');
});

test('whoever keeps the pace has always time left, and whoever sends half of it runs out of it', () => {
  const rates = fc.integer({ min: 1, max: 5_000 });
  fc.assert(
    fc.property(rates, fc.integer({ min: 2, max: 60 }), (rate, graceSeconds) => {
      const steady = new BodyPace(rate * 2, graceSeconds * 1_000);
      const slow = new BodyPace(rate * 2, graceSeconds * 1_000);
      let isCut = false;
      for (let second = 0; second <= graceSeconds * 2 + 2; second++) {
        assert.ok(steady.owe(second * 1_000, second * rate * 2)! > 0);
        isCut ||= slow.owe(second * 1_000, second * rate) === 0;
      }
      assert.ok(isCut);
    }),
  );
});
