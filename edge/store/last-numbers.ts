/** The last number of each document that is written to here, so that a write need not ask for it. Forgets the oldest. */
import type { DocumentRef } from './document-store.ts';

/** Some 200 bytes each; one that is forgotten costs its next write one question. */
const documentsMax = 20_000;

export class LastNumbers {
  readonly #numbers = new Map<string, { readonly epoch: number; readonly lastSeq: number }>();

  /** Undefined where the document was not written to in this epoch. */
  of(ref: DocumentRef): number | undefined {
    const known = this.#numbers.get(nameOf(ref));
    return known?.epoch === ref.epoch ? known.lastSeq : undefined;
  }

  note(ref: DocumentRef, lastSeq: number): void {
    const name = nameOf(ref);
    // To the end: the first is the one that was written longest ago.
    this.#numbers.delete(name);
    this.#numbers.set(name, { epoch: ref.epoch, lastSeq });
    if (this.#numbers.size <= documentsMax) return;
    const [oldest] = this.#numbers.keys();
    this.#numbers.delete(oldest!);
  }
}

/** A key has no slash. */
function nameOf({ key, document }: DocumentRef): string {
  return `${key}/${document}`;
}
