/** Much work is done in order, a little in each turn, and what else is to be done has its turn in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TurnQueue } from './turn-queue.ts';

const perTurn = 8;

async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

test('so many pieces are done in a turn and no more, in order, and what is added last comes last', async () => {
  const queue = new TurnQueue(perTurn);
  const done: number[] = [];
  for (let piece = 0; piece < 20; piece++) queue.add(() => done.push(piece));
  assert.equal(done.length, 0, 'nothing in the turn that asks for it');
  const seen: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    await nextTurn();
    seen.push(done.length);
    if (turn === 0) queue.add(() => done.push(20));
  }
  assert.deepEqual(seen, [8, 16, 21, 21]);
  assert.deepEqual(
    done,
    Array.from({ length: 21 }, (_, piece) => piece),
  );
});

test('a piece that asks for another one waits behind all that wait', async () => {
  const queue = new TurnQueue(2);
  const done: string[] = [];
  queue.add(() => {
    done.push('a');
    queue.add(() => done.push('a again'));
  });
  for (const name of ['b', 'c']) queue.add(() => done.push(name));
  while (done.length < 4) await nextTurn();
  assert.deepEqual(done, ['a', 'b', 'c', 'a again']);
});
