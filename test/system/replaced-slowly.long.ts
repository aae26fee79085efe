/** A front door that is told to make way just when its successor gets no time: it keeps the edges until that one has them. */
import { test } from 'node:test';
import { rests } from '../support/child-processes.ts';
import { eventually } from '../support/oct-inbox.ts';
import { beginReplacement, freeze, nobodyNoticed, startServing } from '../support/slow-successors.ts';

test('a front door that is to make way keeps its edges until somebody else has them', async (t) => {
  const { pool, closed } = await startServing(t);
  const successor = await beginReplacement(pool);
  // So the front door is not told that its successor is prepared before that one stands still.
  process.kill(pool.pid, 'SIGSTOP');
  try {
    await rests(successor);
    process.kill(successor, 'SIGSTOP');
  } finally {
    process.kill(pool.pid, 'SIGCONT');
  }
  const isTold = (): boolean => pool.lines.some(({ event }) => event === 'process.retiring');
  await eventually(isTold, 'the front door is told to make way');
  await freeze(successor);
  await nobodyNoticed(pool, closed, successor);
});
