/**
 * The network of a simulation: connections that keep order and lose nothing but at their end, as TCP does. A way that
 * is cut stalls, and goes on when it is healed, if nobody has given the connection up by then.
 */
import type { Random } from './random.ts';
import type { SimProcess, Task, VirtualTime } from './virtual-time.ts';

/** What everything in a simulation stands on. */
export interface Ground {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly network: Network;
  /** One line of the story, where somebody wants to read it. */
  readonly tell: (who: string, what: string) => void;
}

export class Network {
  readonly #stalls = new Map<string, number>();
  readonly #stops = new Map<string, number>();

  /** Nothing gets from one to the other until then. */
  cut(from: string, to: string, untilMs: number): void {
    const way = `${from}>${to}`;
    this.#stalls.set(way, Math.max(untilMs, this.#stalls.get(way) ?? 0));
  }

  /** Nothing gets through what stands still. */
  stop(node: string, untilMs: number): void {
    this.#stops.set(node, Math.max(untilMs, this.#stops.get(node) ?? 0));
  }

  goOn(node: string): void {
    this.#stops.delete(node);
  }

  heal(): void {
    this.#stalls.clear();
  }

  /** When the way is open again; in the past where it is. */
  openAt(from: string, to: string): number {
    if (this.#stalls.size === 0 && this.#stops.size === 0) return 0;
    const stall = this.#stalls.get(`${from}>${to}`) ?? 0;
    return Math.max(stall, this.#stops.get(from) ?? 0, this.#stops.get(to) ?? 0);
  }
}

/** Of one direction: who gets it, over which hops. */
export interface PipeOptions<Item> {
  readonly receiver: SimProcess | undefined;
  /** Names, from the sender to the receiver. */
  readonly hops: readonly string[];
  readonly delayMs: readonly [number, number];
  readonly deliver: (item: Item) => void;
}

export class Pipe<Item> {
  readonly #ground: Ground;
  readonly #options: PipeOptions<Item>;
  #queue: { readonly atMs: number; readonly item: Item }[] = [];
  #lastAtMs = 0;
  #pump: Task | undefined;
  #isPaused = false;
  #isClosed = false;

  constructor(ground: Ground, options: PipeOptions<Item>) {
    this.#ground = ground;
    this.#options = options;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  send(item: Item): void {
    if (this.#isClosed) return;
    const { time, random } = this.#ground;
    const [min, max] = this.#options.delayMs;
    this.#lastAtMs = Math.max(this.#lastAtMs, time.nowMs + random.delay(min, max));
    this.#queue.push({ atMs: this.#lastAtMs, item });
    this.#schedule();
  }

  /** What is under way is lost. */
  drop(): void {
    this.#queue = [];
    this.#unschedule();
  }

  close(): void {
    this.#isClosed = true;
    this.drop();
  }

  /** The receiver does not read. */
  pause(): void {
    this.#isPaused = true;
    this.#unschedule();
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  get #openAtMs(): number {
    const { hops } = this.#options;
    const { network } = this.#ground;
    let openAtMs = 0;
    for (let i = 1; i < hops.length; i++)
      openAtMs = Math.max(openAtMs, network.openAt(hops[i - 1]!, hops[i]!));
    return openAtMs;
  }

  #schedule(): void {
    const head = this.#queue[0];
    if (this.#pump !== undefined || this.#isPaused || head === undefined) return;
    const { time } = this.#ground;
    const atMs = Math.max(head.atMs, this.#openAtMs);
    this.#pump = time.after(atMs - time.nowMs, this.#options.receiver, () => {
      this.#pump = undefined;
      if (this.#openAtMs > time.nowMs) return this.#schedule();
      const next = this.#queue.shift();
      if (next !== undefined) this.#options.deliver(next.item);
      this.#schedule();
    });
  }

  #unschedule(): void {
    this.#ground.time.cancel(this.#pump);
    this.#pump = undefined;
  }
}
