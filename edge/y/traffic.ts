/** Counts messages and bytes on the hot path as plain numbers, and hands the sums to the metrics now and then. */
import type { Metrics } from '#shared/metrics.ts';

interface Flow {
  messages: number;
  bytes: number;
}

const directions = ['in', 'out'] as const;
type Direction = (typeof directions)[number];

export class Traffic {
  readonly #metrics: Metrics;
  readonly #total: Record<Direction, Flow> = { in: emptyFlow(), out: emptyFlow() };
  readonly #unreported: Record<Direction, Flow> = { in: emptyFlow(), out: emptyFlow() };

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  count(direction: Direction, bytes: number): void {
    for (const flow of [this.#total[direction], this.#unreported[direction]]) {
      flow.messages++;
      flow.bytes += bytes;
    }
  }

  /** Both directions together, since the start of the process. */
  get total(): Readonly<Flow> {
    const { in: received, out: sent } = this.#total;
    return { messages: received.messages + sent.messages, bytes: received.bytes + sent.bytes };
  }

  /** Brings the metrics up to date. */
  report(): void {
    for (const direction of directions) {
      const labels = { adapter: 'y', direction };
      const { messages, bytes } = this.#unreported[direction];
      this.#metrics.count('ct_edge_messages_total', labels, messages);
      this.#metrics.count('ct_edge_bytes_total', labels, bytes);
      this.#unreported[direction] = emptyFlow();
    }
  }
}

function emptyFlow(): Flow {
  return { messages: 0, bytes: 0 };
}
