/** Counts messages and bytes on the hot path as plain numbers, and hands the sums to the metrics now and then. */
import type { Metrics } from '#shared/metrics.ts';
import type { Adapter } from './adapter.ts';

interface Flow {
  messages: number;
  bytes: number;
}

const directions = ['in', 'out'] as const;
type Direction = (typeof directions)[number];

export class Traffic {
  readonly #metrics: Metrics;
  readonly #adapter: Adapter['name'];
  readonly #total: Record<Direction, Flow> = { in: emptyFlow(), out: emptyFlow() };
  readonly #reported: Record<Direction, Flow> = { in: emptyFlow(), out: emptyFlow() };

  constructor(metrics: Metrics, adapter: Adapter['name']) {
    this.#metrics = metrics;
    this.#adapter = adapter;
  }

  count(direction: Direction, bytes: number, messages = 1): void {
    const flow = this.#total[direction];
    flow.messages += messages;
    flow.bytes += bytes;
  }

  /** Both directions together, since the start of the process. */
  get total(): Readonly<Flow> {
    const { in: received, out: sent } = this.#total;
    return { messages: received.messages + sent.messages, bytes: received.bytes + sent.bytes };
  }

  /** Brings the metrics up to date. */
  report(): void {
    for (const direction of directions) {
      const total = this.#total[direction];
      const before = this.#reported[direction];
      const labels = { adapter: this.#adapter, direction };
      this.#metrics.count('ct_edge_messages_total', labels, total.messages - before.messages);
      this.#metrics.count('ct_edge_bytes_total', labels, total.bytes - before.bytes);
      this.#reported[direction] = { ...total };
    }
  }
}

function emptyFlow(): Flow {
  return { messages: 0, bytes: 0 };
}
