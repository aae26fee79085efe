/**
 * Gives back to the system what a front door took for a crowd of connections or for hard work, once either has passed. Neither
 * V8 nor the C library does so by itself: the one keeps the pages that it has emptied until a collection that is to save
 * memory, which it begins 100 s later, and the other the free pieces between those in use.
 */
import { Peak } from './peak.ts';

export interface SpareMemory {
  /** Begins a collection that ends with V8's spare pages given back. */
  collectMemory(): void;
  /** Gives back what of the C library's heap is free. */
  releaseMemory(): void;
}

const lookMs = 5_000;
/** With fewer connections, or less of a processor, it is not worth the stop. */
const connectionsMin = 500;
const busyMinMs = lookMs / 5;

export function watchSpareMemory(
  arrivals: { readonly open: number },
  memory: SpareMemory,
  signal: AbortSignal,
): void {
  const crowd = new Peak(connectionsMin);
  const work = new Peak(busyMinMs);
  let usage = process.cpuUsage();
  let isCollected = false;
  const looking = setInterval(() => {
    // What the collector has let go of is free by now.
    if (isCollected) memory.releaseMemory();
    const before = usage;
    usage = process.cpuUsage();
    const busyMs = (usage.user - before.user + usage.system - before.system) / 1_000;
    const hasGone = crowd.hasPassed(arrivals.open);
    const isDone = work.hasPassed(busyMs);
    isCollected = hasGone || isDone;
    if (isCollected) memory.collectMemory();
  }, lookMs).unref();
  signal.addEventListener('abort', () => clearInterval(looking), { once: true });
}
