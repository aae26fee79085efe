/** When those who wait for a turn come in, by a clock that stands still. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimerWheel } from '../wire/timer-wheel.ts';
import { EntryTurns } from './entry-turns.ts';

function open(): { turns: EntryTurns; pass: (ms: number) => void } {
  let nowMs = 1_000;
  const wheel = new TimerWheel(() => nowMs);
  const pass = (ms: number): void => {
    nowMs += ms;
    wheel.tick();
  };
  return { turns: new EntryTurns(wheel), pass };
}

test('each comes in at its turn, and who has gone meanwhile does not', () => {
  const { turns, pass } = open();
  const inside: string[] = [];
  turns.wait(100, () => inside.push('first'));
  const leave = turns.wait(200, () => inside.push('gone'));
  turns.wait(300, () => inside.push('last'));
  pass(150);
  assert.deepEqual(inside, ['first']);
  leave();
  pass(1_000);
  assert.deepEqual(inside, ['first', 'last']);
});

test('where nobody comes any more all that wait come in at once, and once', () => {
  const { turns, pass } = open();
  const inside: number[] = [];
  for (let n = 0; n < 5; n++) turns.wait(100 * (n + 1), () => inside.push(n));
  turns.letAllIn();
  assert.deepEqual(inside, [0, 1, 2, 3, 4]);
  pass(1_000);
  assert.equal(inside.length, 5);
});
