/**
 * How fast a member may send: messages and bytes per second, with a store for bursts. Who is faster is not read
 * from for a while, so that its own network slows it; only what pauses cannot hold back any more is refused.
 */
import { TokenBucket } from './token-bucket.ts';

export interface PaceLimits {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
}

export type PaceVerdict =
  | { readonly kind: 'go-on' }
  /** Taken, but nothing more should be read for so long. */
  | { readonly kind: 'pause'; readonly ms: number; readonly limit: PaceLimit }
  /** Not to be taken. */
  | { readonly kind: 'refuse'; readonly limit: PaceLimit };

export type PaceLimit = 'messages' | 'bytes';

/** An editor that comes back with what gathered meanwhile, or opens a large file, is no fast sender. */
const burstSeconds = 2;
/** Half of the time in which a peer must answer a ping: a pause of ours must not look like its silence. */
export const pauseMaxMs = 5_000;
/**
 * Reading stops at once, so more than this is owed only after single reads that bring as much: at the rates that an
 * administrator should set, by clients that send what no editor does.
 */
const owedMaxMs = 10_000;

const goOn: PaceVerdict = { kind: 'go-on' };

export class SenderPace {
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;

  constructor({ messagesPerSecond, bytesPerSecond }: PaceLimits, nowMs: number) {
    this.#messages = new TokenBucket(rateOf(messagesPerSecond), nowMs);
    this.#bytes = new TokenBucket(rateOf(bytesPerSecond), nowMs);
  }

  /** A message of this size has come. */
  take(bytes: number, nowMs: number): PaceVerdict {
    this.#messages.spend(1, nowMs);
    this.#bytes.spend(bytes, nowMs);
    const limit = this.#messages.owedMs >= this.#bytes.owedMs ? 'messages' : 'bytes';
    const owedMs = Math.max(this.#messages.owedMs, this.#bytes.owedMs);
    if (owedMs === 0) return goOn;
    if (owedMs > owedMaxMs) return { kind: 'refuse', limit };
    return { kind: 'pause', ms: Math.min(owedMs, pauseMaxMs), limit };
  }
}

function rateOf(perSecond: number): { perSecond: number; burst: number } {
  return { perSecond, burst: perSecond * burstSeconds };
}
