/** A change of a text: what goes at a position, and what comes there. Positions are UTF-16 offsets, as Yjs counts them. */

/** Positions are those of the text before all edits of a list, which are in order and do not overlap. */
export interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let taken = 0;
  for (const { at, remove, insert } of edits) {
    result += text.slice(taken, at) + insert;
    taken = at + remove;
  }
  return result + text.slice(taken);
}
