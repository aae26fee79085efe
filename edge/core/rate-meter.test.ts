/** What an administrator reads about a member's traffic. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateMeter } from './rate-meter.ts';

test('an even stream reads as its rate, once it has run for a while', () => {
  const meter = new RateMeter(0);
  for (let ms = 0; ms < 30_000; ms += 100) meter.add(50, ms);
  assert.deepEqual(meter.read(30_000), { messagesPerSecond: 10, bytesPerSecond: 500 });
  assert.deepEqual(meter.read(35_000), { messagesPerSecond: 5, bytesPerSecond: 250 });
});

test('silence reads as nothing', () => {
  const meter = new RateMeter(0);
  meter.add(1_000, 0);
  assert.deepEqual(meter.read(20_000), { messagesPerSecond: 0, bytesPerSecond: 0 });
});
