/**
 * When things were said, for members who are asked whether they have heard something new. Short-lived: the history
 * keeps everything, this only what may still come.
 */

const keptMax = 50_000;

export class Newness {
  readonly #sentAt = new Map<string, number>();

  note(what: string, at: number): void {
    this.#sentAt.set(what, at);
    if (this.#sentAt.size > keptMax) this.#sentAt.delete(this.#sentAt.keys().next().value!);
  }

  /** `-Infinity` for what is not known, or not any more. */
  sentAt(what: string): number {
    return this.#sentAt.get(what) ?? -Infinity;
  }
}
