/** A successor that gets no time to begin: the front door before it keeps the edges until they are at home at the new one. */
import { test } from 'node:test';
import { listensAt } from '../support/child-processes.ts';
import { eventually } from '../support/oct-inbox.ts';
import { beginReplacement, freeze, nobodyNoticed, startServing } from '../support/slow-successors.ts';

test('a successor that stands still as soon as it listens costs nobody a lease', async (t) => {
  const { pool, closed } = await startServing(t);
  const successor = await beginReplacement(pool);
  const control = pool.ports['control']!;
  await eventually(() => listensAt(successor, control), 'it listens');
  await freeze(successor);
  await nobodyNoticed(pool, closed, successor);
});
