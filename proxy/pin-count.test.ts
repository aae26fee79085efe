/** Counting of pins: one at a time, the more seldom the longer it takes, and the last figure where the store does not answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PinCount } from './pin-count.ts';

/** A store that counts when it is told to, `takesMs` after it was asked. */
function openScene(): {
  pins: PinCount;
  answer: (result: number | Error, takesMs: number) => void;
  asked: () => number;
  wait: (ms: number) => void;
} {
  let nowMs = 0;
  let asked = 0;
  let running = Promise.withResolvers<number>();
  const count = async (): Promise<number> => {
    asked++;
    running = Promise.withResolvers<number>();
    return await running.promise;
  };
  return {
    pins: new PinCount(count, () => nowMs),
    answer: (result, takesMs) => {
      nowMs += takesMs;
      if (typeof result === 'number') running.resolve(result);
      else running.reject(result);
    },
    asked: () => asked,
    wait: (ms) => void (nowMs += ms),
  };
}

test('those who look at once share one count, and it is kept for 20 times as long as it took', async () => {
  const { pins, answer, asked, wait } = openScene();
  const looks = [pins.read(), pins.read()];
  answer(7, 50);
  assert.deepEqual(await Promise.all(looks), [7, 7]);
  wait(999);
  assert.equal(await pins.read(), 7);
  assert.equal(asked(), 1);
  wait(1);
  const next = pins.read();
  answer(8, 1);
  assert.equal(await next, 8);
  assert.equal(asked(), 2);
});

test('a store that does not answer leaves the last figure, and is asked less often too', async () => {
  const { pins, answer, asked, wait } = openScene();
  const first = pins.read();
  answer(new Error('away'), 2_000);
  assert.equal(await first, undefined);
  wait(39_999);
  assert.equal(await pins.read(), undefined);
  assert.equal(asked(), 1);
  wait(1);
  const second = pins.read();
  answer(3, 1);
  assert.equal(await second, 3);
  wait(20);
  const third = pins.read();
  answer(new Error('away again'), 2_000);
  assert.equal(await third, 3);
});
