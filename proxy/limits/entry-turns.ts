/**
 * Connections that may come in, and wait for their turn: each of a crowd from one address in its own moment, so that whoever is
 * inside, or comes from elsewhere, is served between them.
 */
import { Deadline } from '../wire/timer-wheel.ts';
import type { TimerWheel } from '../wire/timer-wheel.ts';

export class EntryTurns {
  readonly #wheel: TimerWheel;
  readonly #waiting = new Set<Deadline>();

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  /** Calls `enter` in `waitMs`; what is returned takes that back. */
  wait(waitMs: number, enter: () => void): () => void {
    const deadline = new Deadline(() => {
      this.#waiting.delete(deadline);
      enter();
    });
    this.#waiting.add(deadline);
    this.#wheel.set(deadline, waitMs);
    return () => {
      this.#wheel.remove(deadline);
      this.#waiting.delete(deadline);
    };
  }

  /** Nobody comes any more, so nobody has to wait. */
  letAllIn(): void {
    for (const deadline of this.#waiting) {
      this.#wheel.remove(deadline);
      deadline.onDue();
    }
  }
}
