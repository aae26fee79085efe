/**
 * A page that is the same for all who know the front door by the same address, kept for a moment: a crowd that asks for it costs
 * one rendering in each.
 */

/** A page is at most so old. */
const freshMs = 250;
/** Clients name the address, so that there may be any number of them. */
const originsMax = 16;

export class RecentPages {
  readonly #render: (origin: string) => string;
  readonly #nowMs: () => number;
  readonly #pages = new Map<string, Buffer>();
  #renderedMs = -Infinity;

  constructor(render: (origin: string) => string, nowMs = (): number => performance.now()) {
    this.#render = render;
    this.#nowMs = nowMs;
  }

  /** In UTF-8. */
  of(origin: string): Buffer {
    this.#forget();
    const known = this.#pages.get(origin);
    if (known !== undefined) return known;
    const page = Buffer.from(this.#render(origin));
    this.#pages.set(origin, page);
    return page;
  }

  /** All of them at once, by the first: what they show changes for all. */
  #forget(): void {
    const now = this.#nowMs();
    if (now - this.#renderedMs < freshMs && this.#pages.size < originsMax) return;
    this.#pages.clear();
    this.#renderedMs = now;
  }
}
