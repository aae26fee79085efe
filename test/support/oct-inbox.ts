/** Things that happened, in order, for tests to wait for: a wait ends with the match or fails at its deadline. */
const waitMaxMs = 20_000;

interface Waiter<T> {
  readonly matches: (item: T) => boolean;
  readonly resolve: (item: T) => void;
}

export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiters = new Set<Waiter<T>>();

  add(item: T): void {
    this.#items.push(item);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(item)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(item);
    }
  }

  /** Everything so far. */
  get items(): readonly T[] {
    return this.#items;
  }

  /** The first match, of what came or is to come. */
  async next<S extends T>(matches: (item: T) => item is S, what: string): Promise<S>;
  async next(matches: (item: T) => boolean, what: string): Promise<T>;
  async next(matches: (item: T) => boolean, what: string): Promise<T> {
    return this.#items.find(matches) ?? (await this.after(this.#items.length, matches, what));
  }

  /** The first match among those that come after the first `count` items. */
  async after(count: number, matches: (item: T) => boolean, what: string): Promise<T> {
    const known = this.#items.slice(count).find(matches);
    if (known !== undefined) return known;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiter = { matches, resolve };
    this.#waiters.add(waiter);
    const timer = setTimeout(() => {
      this.#waiters.delete(waiter);
      reject(new Error(`waited ${waitMaxMs} ms for ${what}; so far: ${JSON.stringify(this.#items)}`));
    }, waitMaxMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Looks again and again until the condition holds, or fails at the deadline. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
  maxMs = waitMaxMs,
): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    const answer = condition();
    if (await answer) return;
    const waitedMs = performance.now() - startedAt;
    if (waitedMs > maxMs) throw new Error(`waited ${maxMs} ms until ${what}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    // Whoever is asked over a socket does other work as well, which is what is waited for.
    const askIntervalMs = Math.min(waitedMs * askShare, askIntervalMaxMs);
    setTimeout(resolve, answer instanceof Promise ? Math.max(lookIntervalMs, askIntervalMs) : lookIntervalMs);
    await promise;
  }
}

const lookIntervalMs = 5;
/** A wait gets longer by a tenth at most for not asking all the time. */
const askShare = 0.1;
const askIntervalMaxMs = 50;
