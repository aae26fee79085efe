/**
 * When those who may not come in are told so: at once, or late where they are many. Whoever is sent away and comes again at once costs
 * those inside as much as a request does; one that waits for its answer costs nothing meanwhile but a descriptor.
 */
import { fullSince, takeToken } from '../core/token-bucket.ts';
import type { Rate } from '../core/token-bucket.ts';
import { Deadline } from '../wire/timer-wheel.ts';
import type { TimerWheel } from '../wire/timer-wheel.ts';

/** So many are told at once. */
const promptRate: Rate = { burst: 100, costMs: 10 };
/** The others after half of this to one and a half times: all at the same time they would be a crowd again. */
const lateMs = 5_000;
const heldMax = 4_096;
/** Where descriptors have run out nobody is kept waiting for so long. */
const tightMs = 60_000;

export class LateWords {
  readonly #wheel: TimerWheel;
  readonly #random: () => number;
  readonly #held = new Set<Deadline>();
  #fullAtMs = fullSince;
  #tightUntilMs = -Infinity;

  constructor(wheel: TimerWheel, random: () => number = Math.random) {
    this.#wheel = wheel;
    this.#random = random;
  }

  /** Calls `tell` now, or when it is time; what is returned takes that back. Undefined, and it is never called, where too many wait. */
  say(tell: () => void): (() => void) | undefined {
    if (this.#isPrompt()) {
      tell();
      return () => undefined;
    }
    if (this.#held.size >= heldMax) return undefined;
    const deadline = new Deadline(() => {
      this.#held.delete(deadline);
      tell();
    });
    this.#held.add(deadline);
    this.#wheel.set(deadline, lateMs * (0.5 + this.#random()));
    return () => {
      this.#wheel.remove(deadline);
      this.#held.delete(deadline);
    };
  }

  /** Descriptors run out: all that wait are told now. */
  hurry(): void {
    this.#tightUntilMs = this.#wheel.nowMs + tightMs;
    for (const deadline of this.#held) {
      this.#wheel.remove(deadline);
      deadline.onDue();
    }
  }

  #isPrompt(): boolean {
    const now = this.#wheel.nowMs;
    if (now < this.#tightUntilMs) return true;
    const next = takeToken(this.#fullAtMs, now, promptRate);
    this.#fullAtMs = next ?? this.#fullAtMs;
    return next !== undefined;
  }
}
