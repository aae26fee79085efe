/**
 * The load of this process over the last report interval: what the adapters carry, rates from their
 * running sums, and how the event loop and the memory are doing. Also which of its sessions are small.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

import type { EdgeLoad } from '#shared/control-protocol.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { eventLoopLookMs } from '#shared/metrics.ts';
import type { Adapter, AdapterLoad } from './adapter.ts';

const nanosecondsPerMs = 1e6;

export class LoadSampler {
  readonly #adapters: readonly Adapter[];
  readonly #delay = monitorEventLoopDelay({ resolution: eventLoopLookMs });
  #utilisation = performance.eventLoopUtilization();
  #before: { readonly atMs: number; readonly messages: number; readonly bytes: number };

  constructor(adapters: readonly Adapter[]) {
    this.#adapters = adapters;
    this.#delay.enable();
    this.#before = { atMs: performance.now(), messages: 0, bytes: 0 };
  }

  /** Starts a new interval. */
  sample(): EdgeLoad {
    const sum = sumLoads(this.#adapters);
    const atMs = performance.now();
    const seconds = Math.max(0.001, (atMs - this.#before.atMs) / 1_000);
    const utilisation = performance.eventLoopUtilization();
    const memory = process.memoryUsage();
    const load = {
      sessions: sum.sessions,
      members: sum.members,
      users: sum.users,
      sockets: { websocket: sum.websockets, polling: sum.pollings },
      messagesPerSecond: (sum.messages - this.#before.messages) / seconds,
      bytesPerSecond: (sum.bytes - this.#before.bytes) / seconds,
      eventLoopDelayMs: this.#delays(),
      eventLoopUtilisation: performance.eventLoopUtilization(utilisation, this.#utilisation).utilization,
      rssBytes: memory.rss,
      heapUsedBytes: memory.heapUsed,
      outboxBytes: sum.outboxBytes,
    };
    this.#before = { atMs, messages: sum.messages, bytes: sum.bytes };
    this.#utilisation = utilisation;
    this.#delay.reset();
    return load;
  }

  stop(): void {
    this.#delay.disable();
  }

  /** The histogram holds the time between two looks, so an idle loop shows the resolution itself: taken off here. */
  #delays(): EdgeLoad['eventLoopDelayMs'] {
    const read = (nanoseconds: number): number => {
      const ms = nanoseconds / nanosecondsPerMs - eventLoopLookMs;
      return Number.isFinite(ms) ? Math.max(0, ms) : 0;
    };
    const { max } = this.#delay;
    return { p50: read(this.#delay.percentile(50)), p99: read(this.#delay.percentile(99)), max: read(max) };
  }
}

/** Keys of the sessions of all adapters; those that are quickest to move come first. */
export function listSmallestFirst(adapters: readonly Adapter[]): AffinityKey[] {
  const weights = new Map<AffinityKey, { members: number; bytes: number }>();
  for (const { key, members, bytes } of adapters.flatMap((adapter) => adapter.listSessions())) {
    const known = weights.get(key) ?? { members: 0, bytes: 0 };
    weights.set(key, { members: known.members + members, bytes: known.bytes + bytes });
  }
  const sorted = [...weights].sort(([, a], [, b]) => a.members - b.members || a.bytes - b.bytes);
  return sorted.map(([key]) => key);
}

/** What all adapters carry together. */
export function sumLoads(adapters: readonly Adapter[]): AdapterLoad {
  const sum = {
    sessions: 0,
    members: 0,
    users: 0,
    websockets: 0,
    pollings: 0,
    outboxBytes: 0,
    messages: 0,
    bytes: 0,
  };
  for (const adapter of adapters) {
    const load = adapter.load();
    for (const name of Object.keys(sum) as (keyof AdapterLoad)[]) sum[name] += load[name];
  }
  return sum;
}
