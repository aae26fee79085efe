/** WebSockets through the front door: memory of idle ones, set-ups, and messages there and back. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, Target } from './front-door-contest.ts';
import { waitForLoadResult } from './load-program.ts';
import type { Load } from './load-program.ts';
import { measureRate, rateMetrics, ratioToHaproxy } from './measure-rate.ts';
import type { Figures } from './metric.ts';
import { readMemoryKib } from './process-cost.ts';

const connections = 64;
/** Somebody types: a few messages are on their way before the first is back. */
const messagesInFlight = 4;
const openMaxMs = 30_000;
/** Idle sockets settle for this long before memory is read, and are held open for as long again. */
const settleSeconds = 2;

export const websocket: Benchmark = {
  name: 'websocket',
  metrics: [
    {
      name: 'idle-pss-kib',
      unit: 'KiB PSS of the proxy/socket',
      digits: 2,
      comparisons: [ratioToHaproxy({ atMost: 1 })],
    },
    { name: 'idle-rss-kib', unit: 'KiB RSS of the proxy/socket', digits: 2, comparisons: [ratioToHaproxy()] },
    ...rateMetrics('setup', 'set-up', { rate: { atLeast: 0.8 } }),
    ...rateMetrics('echo', 'message', { rate: { atLeast: 0.95 }, cpu: { atMost: 1 } }),
  ],
  measure: async (target, isShort) => {
    const seconds = isShort ? 1 : 3;
    const echo: Load = { kind: 'echo', connections, seconds, extra: [messagesInFlight] };
    return {
      // First, on a fresh process: later its memory shows what the other loads have left.
      ...(await measureIdle(isShort ? 1_500 : 9_000, target)),
      ...(await measureRate('setup', { kind: 'setups', connections, seconds, extra: [] }, target)),
      ...(await measureRate('echo', echo, target)),
    };
  },
};

async function measureIdle(sockets: number, target: Target): Promise<Figures> {
  if (target.pid === undefined) return {};
  const load: Load = { kind: 'idle', connections: sockets, seconds: 2 * settleSeconds, extra: [] };
  const before = readMemoryKib(target.pid);
  const child = target.load.startLoad(load, target.port, target.folder);
  await child.waitForLine(/^open$/m, openMaxMs);
  await sleep(settleSeconds * 1_000);
  const after = readMemoryKib(target.pid);
  await waitForLoadResult(child, load);
  return {
    'idle-pss-kib': (after.pss - before.pss) / sockets,
    'idle-rss-kib': (after.rss - before.rss) / sockets,
  };
}
