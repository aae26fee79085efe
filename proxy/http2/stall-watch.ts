/**
 * Watches a client that opens many streams and takes nothing of their answers: what waits for it in a connection's streams is
 * bounded by each of them, and beyond a sum it has to take some of it now and then, or loses the connection.
 */
import type { ServerHttp2Stream } from 'node:http2';
import { Deadline } from '../wire/timer-wheel.ts';
import type { TimerWheel } from '../wire/timer-wheel.ts';
import { stallMs, stallProgressBytes, stalledMaxBytes } from './flood-bounds.ts';

interface StallWatchOptions {
  readonly wheel: TimerWheel;
  readonly streams: ReadonlySet<ServerHttp2Stream>;
  /** Bytes that the connection has sent so far. */
  readonly sentBytes: () => number;
  readonly onStall: () => void;
}

export class StallWatch {
  readonly #options: StallWatchOptions;
  readonly #deadline = new Deadline(() => this.#look());
  #isArmed = false;
  /** At the last look. */
  #sentBytes = 0;

  constructor(options: StallWatchOptions) {
    this.#options = options;
  }

  /** One of the streams takes no more for now. */
  onCongested(): void {
    if (!this.#isArmed) this.#arm();
  }

  /** Of answers, in the connection's streams. */
  get waitingBytes(): number {
    let bytes = 0;
    for (const stream of this.#options.streams) bytes += stream.writableLength;
    return bytes;
  }

  stop(): void {
    this.#options.wheel.remove(this.#deadline);
  }

  #look(): void {
    const { waitingBytes } = this;
    const taken = this.#options.sentBytes() - this.#sentBytes;
    this.#isArmed = false;
    this.#isArmed = false;
    if (waitingBytes > stalledMaxBytes && taken < stallProgressBytes) return this.#options.onStall();
    if (waitingBytes > 0) this.#arm();
  }

  #arm(): void {
    this.#isArmed = true;
    this.#sentBytes = this.#options.sentBytes();
    this.#options.wheel.set(this.#deadline, stallMs);
  }
}
