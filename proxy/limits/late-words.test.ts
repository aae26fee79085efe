/** When refusals are told, by a clock that stands still. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimerWheel } from '../wire/timer-wheel.ts';
import { LateWords } from './late-words.ts';

interface Scene {
  readonly words: LateWords;
  readonly told: number[];
  /** Lets time pass. */
  readonly pass: (ms: number) => void;
  /** The refusal with this number. */
  readonly say: (n: number) => (() => void) | undefined;
}

function open(): Scene {
  let nowMs = 1_000;
  const wheel = new TimerWheel(() => nowMs);
  const words = new LateWords(wheel, () => 0.5);
  const told: number[] = [];
  return {
    words,
    told,
    pass: (ms) => {
      nowMs += ms;
      wheel.tick();
    },
    say: (n) => words.say(() => told.push(n)),
  };
}

test('a hundred are told at once, the others after five seconds, and whoever comes when it is quiet at once', () => {
  const { told, pass, say } = open();
  for (let n = 0; n < 150; n++) say(n);
  assert.equal(told.length, 100);
  pass(4_900);
  assert.equal(told.length, 100);
  pass(200);
  assert.equal(told.length, 150);
  say(150);
  assert.equal(told.at(-1), 150);
});

test('who has gone meanwhile is not told, and makes room', () => {
  const { told, pass, say } = open();
  const takeBacks = Array.from({ length: 100 + 4_096 }, (_, n) => say(n));
  assert.equal(say(9_999), undefined, 'there is no room for more');
  takeBacks.at(-1)!();
  assert.notEqual(say(10_000), undefined);
  pass(6_000);
  assert.equal(told.length, 100 + 4_096);
  assert.ok(!told.includes(4_195));
});

test('where descriptors run out all are told now, and for a minute nobody waits', () => {
  const { words, told, pass, say } = open();
  for (let n = 0; n < 120; n++) say(n);
  words.hurry();
  assert.equal(told.length, 120);
  for (let n = 0; n < 300; n++) say(n);
  assert.equal(told.length, 420);
  pass(61_000);
  for (let n = 0; n < 300; n++) say(n);
  assert.equal(told.length, 520);
});
