/**
 * What has come together in one turn of the event loop, handled at its end in one go: one write to the system for
 * each member, however much was said to it, and one timer for all of them.
 */
export class EndOfTurn<Item> {
  readonly #handle: (item: Item) => void;
  #items: Item[] = [];

  constructor(handle: (item: Item) => void) {
    this.#handle = handle;
  }

  /** Each item once a turn: the caller knows whether it has added it. */
  add(item: Item): void {
    if (this.#items.push(item) > 1) return;
    setImmediate(() => {
      const items = this.#items;
      this.#items = [];
      for (const item of items) this.#handle(item);
    });
  }
}
