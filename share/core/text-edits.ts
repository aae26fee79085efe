/**
 * Differences between two texts as edits, and edits carried over to a text that has changed meanwhile. Positions are
 * UTF-16 offsets as Yjs counts them; no edit cuts a surrogate pair in two, for Yjs puts U+FFFD where one is cut.
 */
import type { Edit } from './edit.ts';
import { diffLines } from './line-diff.ts';

/** Edits that make `from` into `to`: whole where lines differ too much, else as small as lines and their ends allow. */
export function diffText(from: string, to: string): Edit[] {
  const { prefix, suffix } = commonEnds(from, to);
  const middle = { from: from.slice(prefix, from.length - suffix), to: to.slice(prefix, to.length - suffix) };
  if (middle.from === '' && middle.to === '') return [];
  if (middle.from === '' || middle.to === '')
    return [{ at: prefix, remove: middle.from.length, insert: middle.to }];
  return diffLines(middle.from, middle.to).map(({ at, remove, insert }) => {
    const removed = middle.from.slice(at, at + remove);
    const ends = commonEnds(removed, insert);
    return {
      at: prefix + at + ends.prefix,
      remove: remove - ends.prefix - ends.suffix,
      insert: insert.slice(ends.prefix, insert.length - ends.suffix),
    };
  });
}

/**
 * Carries edits of a text over to what that text has become by `over`. What `over` inserted stays, also inside of what is
 * removed; what both remove goes once; of two insertions at one place that of `over` comes first.
 */
export function rebaseEdits(edits: readonly Edit[], over: readonly Edit[]): Edit[] {
  const result: Edit[] = [];
  for (const edit of edits) {
    const pieces = survivingPieces(edit.at, edit.at + edit.remove, over).map(({ start, end }) => ({
      at: mapPosition(start, over),
      remove: end - start,
      insert: '',
    }));
    if (edit.insert !== '') {
      const at = mapPosition(edit.at, over);
      const first = pieces[0];
      if (first?.at === at) pieces[0] = { ...first, insert: edit.insert };
      else pieces.unshift({ at, remove: 0, insert: edit.insert });
    }
    result.push(...pieces);
  }
  return result;
}

/** Where a position of the text before is after the edits; after what was inserted there, and never inside of it. */
function mapPosition(position: number, edits: readonly Edit[]): number {
  let shift = 0;
  for (const { at, remove, insert } of edits) {
    if (at > position || (at === position && remove > 0)) break;
    if (position < at + remove) return at + shift + insert.length;
    shift += insert.length - remove;
  }
  return position + shift;
}

interface Piece {
  readonly start: number;
  readonly end: number;
}

/** What is left of a range where others removed parts of it, cut where they inserted. */
function survivingPieces(start: number, end: number, edits: readonly Edit[]): Piece[] {
  const pieces: Piece[] = [];
  let from = start;
  for (const { at, remove } of edits) {
    if (at + remove <= from && !(remove === 0 && at > from)) continue;
    if (at >= end) break;
    if (at > from) pieces.push({ start: from, end: at });
    from = Math.max(from, at + remove);
  }
  if (from < end) pieces.push({ start: from, end });
  return pieces;
}

interface Ends {
  readonly prefix: number;
  readonly suffix: number;
}

function commonEnds(a: string, b: string): Ends {
  const shorter = Math.min(a.length, b.length);
  let prefix = 0;
  while (prefix < shorter && a.charCodeAt(prefix) === b.charCodeAt(prefix)) prefix += 1;
  if (prefix > 0 && isHighSurrogate(a.charCodeAt(prefix - 1))) prefix -= 1;
  let suffix = 0;
  while (
    suffix < shorter - prefix &&
    a.charCodeAt(a.length - 1 - suffix) === b.charCodeAt(b.length - 1 - suffix)
  )
    suffix += 1;
  if (suffix > 0 && isLowSurrogate(a.charCodeAt(a.length - suffix))) suffix -= 1;
  return { prefix, suffix };
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
