/** What came together in one turn is handled at its end, in order, and what comes then is for the next turn. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndOfTurn } from './end-of-turn.ts';

test('items are handled once, in order, at the end of the turn in which they came', async () => {
  const handled: number[] = [];
  const endOfTurn = new EndOfTurn<number>((item) => handled.push(item));
  endOfTurn.add(1);
  endOfTurn.add(2);
  assert.deepEqual(handled, []);
  await nextTurn();
  assert.deepEqual(handled, [1, 2]);
  await nextTurn();
  assert.deepEqual(handled, [1, 2]);
});

test('an item that comes while others are handled has its turn after them', async () => {
  const handled: number[] = [];
  const endOfTurn = new EndOfTurn<number>((item) => {
    handled.push(item);
    if (item === 1) endOfTurn.add(3);
  });
  endOfTurn.add(1);
  endOfTurn.add(2);
  await nextTurn();
  await nextTurn();
  assert.deepEqual(handled, [1, 2, 3]);
});

async function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  await promise;
}
