/**
 * Deadlines of all connections in one wheel: putting one off is a store to a field, since an entry that is
 * visited too early is only moved on. Pure: whoever owns the wheel tells it the time and calls `tick`.
 */

/** Something that happens unless it is put off in time; belongs to one wheel. */
export class Deadline {
  readonly onDue: () => void;
  /** Infinity while nothing is awaited. */
  dueMs = Infinity;
  /** Tick at which the wheel looks at it; -1 while it is in no slot. */
  visitTick = -1;

  constructor(onDue: () => void) {
    this.onDue = onDue;
  }
}

const slotCount = 512;

export class TimerWheel {
  /** A deadline is met at most this much late. */
  readonly tickMs: number;
  readonly #nowMs: () => number;
  readonly #slots = Array.from({ length: slotCount }, () => new Set<Deadline>());
  #lastTick: number;

  constructor(nowMs: () => number, tickMs = 25) {
    this.tickMs = tickMs;
    this.#nowMs = nowMs;
    this.#lastTick = Math.floor(nowMs() / tickMs);
  }

  get nowMs(): number {
    return this.#nowMs();
  }

  /** Due in `ms` from now, whatever it was before. */
  set(deadline: Deadline, ms: number): void {
    deadline.dueMs = this.#nowMs() + ms;
    if (deadline.visitTick !== -1 && deadline.visitTick <= this.#tickOf(deadline.dueMs)) return;
    this.#place(deadline);
  }

  /** Nothing is awaited for now; cheap, and the wheel still holds the entry for a while. */
  clear(deadline: Deadline): void {
    deadline.dueMs = Infinity;
  }

  /** The owner is gone: the wheel holds it no longer. */
  remove(deadline: Deadline): void {
    deadline.dueMs = Infinity;
    if (deadline.visitTick !== -1) this.#slotAt(deadline.visitTick).delete(deadline);
    deadline.visitTick = -1;
  }

  /** Calls what is due. */
  tick(): void {
    const now = this.#nowMs();
    const currentTick = Math.floor(now / this.tickMs);
    const first = Math.max(this.#lastTick + 1, currentTick - slotCount + 1);
    this.#lastTick = Math.max(this.#lastTick, currentTick);
    for (let tick = first; tick <= currentTick; tick++) this.#visit(this.#slotAt(tick), now);
  }

  #visit(slot: Set<Deadline>, now: number): void {
    if (slot.size === 0) return;
    const visited = [...slot];
    slot.clear();
    for (const deadline of visited) deadline.visitTick = -1;
    for (const deadline of visited) {
      // One that was called before may have set, cleared or removed it.
      if (deadline.dueMs === Infinity || deadline.visitTick !== -1) continue;
      if (deadline.dueMs > now) {
        this.#place(deadline);
        continue;
      }
      deadline.dueMs = Infinity;
      deadline.onDue();
    }
  }

  #place(deadline: Deadline): void {
    if (deadline.visitTick !== -1) this.#slotAt(deadline.visitTick).delete(deadline);
    const farthest = this.#lastTick + slotCount - 1;
    deadline.visitTick = Math.min(Math.max(this.#tickOf(deadline.dueMs), this.#lastTick + 1), farthest);
    this.#slotAt(deadline.visitTick).add(deadline);
  }

  #tickOf(ms: number): number {
    return Math.ceil(ms / this.tickMs);
  }

  #slotAt(tick: number): Set<Deadline> {
    return this.#slots[tick % slotCount]!;
  }
}
