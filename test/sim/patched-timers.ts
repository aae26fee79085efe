/**
 * Puts the time of a simulation in the place of the real one, for all code of this thread: timers, `timers/promises`,
 * `AbortSignal.timeout` and the monotonic clock. So the product's own code runs unchanged.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { VirtualTime } from './virtual-time.ts';
import type { Task } from './virtual-time.ts';

type Callback = (...args: readonly unknown[]) => void;

const require = createRequire(import.meta.url);
const timers = require('node:timers') as Record<string, unknown>;
const timersPromises = require('node:timers/promises') as Record<string, unknown>;

/** What setTimeout and its like give; cleared with their own functions. */
class SimTimer {
  readonly #time: VirtualTime;
  readonly #delayMs: number;
  readonly #run: () => void;
  readonly #repeats: boolean;
  #task: Task;

  constructor(time: VirtualTime, delayMs: number, run: () => void, repeats: boolean) {
    this.#time = time;
    this.#delayMs = delayMs;
    this.#run = run;
    this.#repeats = repeats;
    this.#task = time.timer(delayMs, () => this.#fire());
  }

  clear(): void {
    this.#time.cancel(this.#task);
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return false;
  }

  refresh(): this {
    this.#time.cancel(this.#task);
    this.#task = this.#time.timer(this.#delayMs, () => this.#fire());
    return this;
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  #fire(): void {
    if (this.#repeats) this.#task = this.#time.timer(this.#delayMs, () => this.#fire());
    this.#run();
  }
}

/** Runs `work` in a time of its own; real time is back when it has ended. Not to be nested. */
export async function inVirtualTime<T>(work: (time: VirtualTime) => Promise<T>): Promise<T> {
  const time = new VirtualTime();
  const restore = patch(time);
  try {
    return await work(time);
  } finally {
    await time.end();
    restore();
  }
}

function patch(time: VirtualTime): () => void {
  const undo: (() => void)[] = [];
  const replace = (target: object, name: string, value: unknown): void => {
    const holder = target as Record<string, unknown>;
    const before = holder[name];
    holder[name] = value;
    undo.push(() => {
      holder[name] = before;
    });
  };
  const functions = callbackTimers(time);
  for (const [name, value] of Object.entries(functions)) {
    replace(globalThis, name, value);
    replace(timers, name, value);
  }
  for (const [name, value] of Object.entries(promisedTimers(time))) replace(timersPromises, name, value);
  replace(AbortSignal, 'timeout', (delayMs: number) => {
    const controller = new AbortController();
    time.onEnd(() => controller.abort());
    time.timer(delayMs, () => controller.abort(new DOMException('timed out', 'TimeoutError')));
    return controller.signal;
  });
  replace(performance, 'now', () => time.clockMs);
  syncBuiltinESMExports();
  return () => {
    for (const restore of undo.toReversed()) restore();
    syncBuiltinESMExports();
  };
}

function callbackTimers(time: VirtualTime): Record<string, unknown> {
  const start = (run: Callback, delayMs: number | undefined, args: readonly unknown[], repeats: boolean) =>
    new SimTimer(time, Math.max(1, delayMs ?? 1), () => run(...args), repeats);
  const clear = (timer: unknown): void => {
    if (timer instanceof SimTimer) timer.clear();
  };
  return {
    setTimeout: (run: Callback, delayMs?: number, ...args: readonly unknown[]) =>
      start(run, delayMs, args, false),
    setInterval: (run: Callback, delayMs?: number, ...args: readonly unknown[]) =>
      start(run, delayMs, args, true),
    setImmediate: (run: Callback, ...args: readonly unknown[]) =>
      new SimTimer(time, 0, () => run(...args), false),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
}

function promisedTimers(time: VirtualTime): Record<string, unknown> {
  const sleep = (delayMs: number, value: unknown, options?: { readonly signal?: AbortSignal }): unknown =>
    new Promise((resolve, reject) => {
      const { signal } = options ?? {};
      if (signal?.aborted === true) return reject(abortError(signal));
      const onAbort = (): void => {
        time.cancel(task);
        reject(abortError(signal!));
      };
      const task = time.timer(delayMs, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve(value);
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  return {
    async *setInterval(delayMs: number, value?: unknown, options?: { readonly signal?: AbortSignal }) {
      for (;;) yield await sleep(delayMs, value, options);
    },
    setTimeout: (delayMs: number, value?: unknown, options?: { readonly signal?: AbortSignal }) =>
      sleep(Math.max(1, delayMs), value, options),
    setImmediate: (value?: unknown, options?: { readonly signal?: AbortSignal }) => sleep(0, value, options),
  };
}

function abortError(signal: AbortSignal): Error {
  return Object.assign(new Error('aborted', { cause: signal.reason }), {
    name: 'AbortError',
    code: 'ABORT_ERR',
  });
}
