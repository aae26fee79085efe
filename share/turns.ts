/** One thing after the other for each file, whatever became of the one before; different files do not wait for each other. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  has(path: string): boolean {
    return this.#last.has(path);
  }

  async take<T>(path: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(path) ?? Promise.resolve()).then(work, work);
    const settled = turn.catch(() => undefined);
    this.#last.set(path, settled);
    try {
      return await turn;
    } finally {
      if (this.#last.get(path) === settled) this.#last.delete(path);
    }
  }

  /** Resolves when all that has been asked for is done. */
  async all(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
