/** The lines in which two texts differ; where they differ in more lines than is worth the work, one edit replaces all. */
import { diffArrays } from 'diff';
import type { Edit } from './edit.ts';

/** Lines that may differ. Work grows with its square. */
const differencesMax = 500;

export function diffLines(from: string, to: string): Edit[] {
  const runs = diffArrays(splitLines(from), splitLines(to), { maxEditLength: differencesMax });
  if (runs === undefined) return [{ at: 0, remove: from.length, insert: to }];
  const edits: Edit[] = [];
  let at = 0;
  let open: Edit | undefined;
  for (const { added, removed, value } of runs) {
    const text = value.join('');
    if (added || removed) {
      open ??= { at, remove: 0, insert: '' };
      open = removed
        ? { ...open, remove: open.remove + text.length }
        : { ...open, insert: open.insert + text };
    } else if (open !== undefined) {
      edits.push(open);
      open = undefined;
    }
    if (!added) at += text.length;
  }
  return open === undefined ? edits : [...edits, open];
}

/** With their ends, so that joined they are the text. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
