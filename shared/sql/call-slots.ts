/** So many calls run at a time, the others wait in the order in which they came, each until its deadline. */
interface Waiter {
  readonly start: () => void;
  readonly timer: NodeJS.Timeout;
}

export class CallSlots {
  #free: number;
  readonly #waiters = new Set<Waiter>();

  constructor(slots: number) {
    this.#free = slots;
  }

  /** Resolves when the call may run, which must `release` then; rejects with `late()` after `maxMs`. */
  async take(maxMs: number, late: () => Error): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = (): void => {
      this.#waiters.delete(waiter);
      reject(late());
    };
    const waiter: Waiter = { start: resolve, timer: setTimeout(giveUp, Math.max(1, maxMs)) };
    this.#waiters.add(waiter);
    await promise;
  }

  release(): void {
    const [next] = this.#waiters;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiters.delete(next);
    clearTimeout(next.timer);
    next.start();
  }
}
