/**
 * What this front door has promised to edges whose lease it could not renew, for the store did not answer: that it moves
 * none of their pins for a lease's time. An edge goes on without a lease only while every front door has promised it that.
 */
import { formatOwner } from '#shared/ids.ts';
import { timing } from '#shared/timing.ts';
import type { EdgeRef } from '../directory/directory.ts';

/** Incarnations; more of them end in no outage. */
const overMax = 10_000;

export class LeasePromises {
  readonly #nowMs: () => number;
  readonly #untilMs = new Map<string, number>();
  readonly #over = new Set<string>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** From now on, and kept whatever the store says meanwhile. */
  promise(edge: EdgeRef): void {
    const now = this.#nowMs();
    for (const [name, untilMs] of this.#untilMs) if (untilMs <= now) this.#untilMs.delete(name);
    this.#untilMs.set(formatOwner(edge.id, edge.incarnation), now + timing.leaseMs);
  }

  /** The store has said that this incarnation is over, or is about to move a pin of it. For good: it gets no promise any more. */
  noteOver(edge: EdgeRef): void {
    if (this.#over.size >= overMax) this.#over.delete(this.#over.values().next().value!);
    this.#over.add(formatOwner(edge.id, edge.incarnation));
  }

  isOver(edge: EdgeRef): boolean {
    return this.#over.has(formatOwner(edge.id, edge.incarnation));
  }

  /** Whether a pin of this edge must stay where it is. */
  holds(edge: EdgeRef): boolean {
    return this.#nowMs() < (this.#untilMs.get(formatOwner(edge.id, edge.incarnation)) ?? -Infinity);
  }
}
