/**
 * What this front door has promised to edges whose lease it could not renew, for the store did not answer: that it moves
 * none of their pins for a lease's time. An edge goes on without a lease only while every front door has promised it that.
 */
import { formatOwner } from '#shared/ids.ts';
import { timing } from '#shared/timing.ts';
import type { EdgeRef } from '../directory/directory.ts';

export class LeasePromises {
  readonly #nowMs: () => number;
  readonly #untilMs = new Map<string, number>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** From now on, and kept whatever the store says meanwhile. */
  promise(edge: EdgeRef): void {
    this.#untilMs.set(formatOwner(edge.id, edge.incarnation), this.#nowMs() + timing.leaseMs);
  }

  /** Whether a pin of this edge must stay where it is. */
  holds(edge: EdgeRef): boolean {
    const name = formatOwner(edge.id, edge.incarnation);
    const untilMs = this.#untilMs.get(name);
    if (untilMs === undefined) return false;
    if (this.#nowMs() < untilMs) return true;
    this.#untilMs.delete(name);
    return false;
  }
}
