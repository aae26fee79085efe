/** Memory is given back in two steps, and once for each crowd. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchSpareMemory } from './spare-memory.ts';
import type { SpareMemory } from './spare-memory.ts';

const lookMs = 5_000;

function noteCalls(): { memory: SpareMemory; calls: string[] } {
  const calls: string[] = [];
  const collectMemory = (): void => void calls.push('collect');
  const releaseMemory = (): void => void calls.push('release');
  return { memory: { collectMemory, releaseMemory }, calls };
}

test('after a crowd V8 is told first, the C library a look later', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { memory, calls } = noteCalls();
  const arrivals = { open: 600 };
  const stopping = new AbortController();
  watchSpareMemory(arrivals, memory, stopping.signal);
  const look = (): void => t.mock.timers.tick(lookMs);

  look();
  arrivals.open = 0;
  look();
  look();
  assert.deepEqual(calls, []);
  look();
  assert.deepEqual(calls, ['collect']);
  look();
  assert.deepEqual(calls, ['collect', 'release']);
  look();
  look();
  assert.deepEqual(calls, ['collect', 'release']);

  stopping.abort();
  arrivals.open = 600;
  look();
  arrivals.open = 0;
  for (let looks = 0; looks < 5; looks++) look();
  assert.deepEqual(calls, ['collect', 'release']);
});

test('after hard work, too', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let busyMs = 0;
  t.mock.method(process, 'cpuUsage', () => ({ user: busyMs * 1_000, system: 0 }));
  const { memory, calls } = noteCalls();
  watchSpareMemory({ open: 100 }, memory, new AbortController().signal);
  const looks = [2_500, 600, 600, 600, 600, 600].map((ms) => {
    busyMs += ms;
    t.mock.timers.tick(lookMs);
    return calls.splice(0).join(' ');
  });
  assert.deepEqual(looks, ['', '', '', 'collect', 'release', '']);
});
