/**
 * Whether so many streams end before their answers, whoever's, that a rapid reset is under way (CVE-2023-44487): many clients can
 * each keep to their bounds, and come again before anybody knows them. By a clock that it is given.
 */
import { fullSince, takeToken } from '../core/token-bucket.ts';
import type { Rate } from '../core/token-bucket.ts';

/** Two connections that use up what one may have, or an office that leaves its pages at once; and a busy day. */
const calmRate: Rate = { burst: 400, costMs: 10 };
/** Since the last one too many. */
const alarmMs = 10_000;

export class ResetAlarm {
  readonly #nowMs: () => number;
  #fullAtMs = fullSince;
  #untilMs = -Infinity;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A stream ended before its answer. */
  note(): void {
    const now = this.#nowMs();
    const fullAtMs = takeToken(this.#fullAtMs, now, calmRate);
    if (fullAtMs === undefined) this.#untilMs = now + alarmMs;
    else this.#fullAtMs = fullAtMs;
  }

  get isOn(): boolean {
    return this.#nowMs() < this.#untilMs;
  }
}
