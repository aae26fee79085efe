/** How fast members may send: any history of bursts and silences stays under the rate, and nobody below it is held. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SenderPace, pauseMaxMs } from './sender-pace.ts';
import { TokenBucket } from './token-bucket.ts';

const limits = { messagesPerSecond: 10, bytesPerSecond: 1_000 };

test('a sender below both rates is never held', () => {
  const pace = new SenderPace(limits, 0);
  for (let ms = 0; ms < 60_000; ms += 100) assert.equal(pace.take(100, ms).kind, 'go-on');
});

test('a burst passes, then the sender pauses until it is paid back', () => {
  const pace = new SenderPace(limits, 0);
  for (let n = 0; n < 20; n++) assert.equal(pace.take(1, 0).kind, 'go-on');
  assert.deepEqual(pace.take(1, 0), { kind: 'pause', ms: 100, limit: 'messages' });
  assert.deepEqual(pace.take(1, 100), { kind: 'pause', ms: 100, limit: 'messages' });
  assert.equal(pace.take(1, 60_000).kind, 'go-on');
});

test('bytes are bounded like messages', () => {
  const pace = new SenderPace(limits, 0);
  assert.equal(pace.take(2_000, 0).kind, 'go-on');
  assert.deepEqual(pace.take(500, 0), { kind: 'pause', ms: 500, limit: 'bytes' });
});

test('no pause is longer than its bound, and what pauses cannot hold back is refused', () => {
  const pace = new SenderPace(limits, 0);
  assert.deepEqual(pace.take(2_000 + 9_000, 0), { kind: 'pause', ms: pauseMaxMs, limit: 'bytes' });
  assert.deepEqual(pace.take(2_000, 0), { kind: 'refuse', limit: 'bytes' });
});

test('whoever keeps its pauses sends no more than rate and burst allow, and is never refused', () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 3_000 }),
    bytes: fc.integer({ min: 1, max: 1_500 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const pace = new SenderPace(limits, 0);
      let nowMs = 0;
      let total = 0;
      for (const [count, { waitMs, bytes }] of steps.entries()) {
        nowMs += waitMs;
        total += bytes;
        const verdict = pace.take(bytes, nowMs);
        assert.notEqual(verdict.kind, 'refuse');
        if (verdict.kind === 'pause') nowMs += verdict.ms;
        // One message may be under way when the store is empty.
        assert.ok(count + 1 <= (nowMs / 1_000) * limits.messagesPerSecond + 20 + 1e-6);
        assert.ok(total <= (nowMs / 1_000) * limits.bytesPerSecond + 2_000 + 1e-6);
      }
    }),
  );
});

test('a bucket never holds more than its burst, owes what was spent beyond it, and ignores a clock that goes back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ atMs: fc.nat(100_000), amount: fc.nat(50) }), { maxLength: 60 }),
      (spendings) => {
        const bucket = new TokenBucket({ perSecond: 10, burst: 20 }, 0);
        let [level, lastMs] = [20, 0];
        for (const { atMs, amount } of spendings) {
          level = Math.min(20, level + Math.max(0, atMs - lastMs) / 100) - amount;
          lastMs = Math.max(lastMs, atMs);
          bucket.spend(amount, atMs);
          assert.ok(Math.abs(bucket.owedMs - Math.max(0, -level * 100)) < 1e-6);
        }
      },
    ),
  );
});
