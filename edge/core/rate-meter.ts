/** How much came per second lately: this window and the one before it, so that a figure neither jumps nor lags for long. */
const windowMs = 10_000;

export interface Rates {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
}

interface Amount {
  messages: number;
  bytes: number;
}

export class RateMeter {
  #startMs: number;
  #current: Amount = { messages: 0, bytes: 0 };
  #previous: Amount = { messages: 0, bytes: 0 };

  constructor(nowMs: number) {
    this.#startMs = nowMs;
  }

  add(bytes: number, nowMs: number): void {
    this.#turn(nowMs);
    this.#current.messages++;
    this.#current.bytes += bytes;
  }

  read(nowMs: number): Rates {
    this.#turn(nowMs);
    const share = 1 - (nowMs - this.#startMs) / windowMs;
    const perSecond = (previous: number, current: number): number =>
      Math.round((previous * share + current) / (windowMs / 1_000));
    return {
      messagesPerSecond: perSecond(this.#previous.messages, this.#current.messages),
      bytesPerSecond: perSecond(this.#previous.bytes, this.#current.bytes),
    };
  }

  #turn(nowMs: number): void {
    const windows = Math.floor((nowMs - this.#startMs) / windowMs);
    if (windows < 1) return;
    const empty = { messages: 0, bytes: 0 };
    this.#previous = windows === 1 ? this.#current : empty;
    this.#current = { messages: 0, bytes: 0 };
    this.#startMs += windows * windowMs;
  }
}
