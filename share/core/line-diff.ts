/**
 * The lines in which two texts differ, by Myers' greedy algorithm with a bound on its work: where they differ in more
 * lines than that, one edit replaces all.
 */
import type { Edit } from './edit.ts';

/** Lines that may differ. Work and memory grow with its square: 500 take a few milliseconds and 1 MB. */
const differencesMax = 500;

export function diffLines(from: string, to: string): Edit[] {
  const before = splitLines(from);
  const after = splitLines(to);
  const matches = matchLines(before, after);
  if (matches === undefined) return [{ at: 0, remove: from.length, insert: to }];
  const edits: Edit[] = [];
  let [x, y, at] = [0, 0, 0];
  for (const match of [...matches, { x: before.length, y: after.length, length: 0 }]) {
    const removed = before.slice(x, match.x).join('');
    const insert = after.slice(y, match.y).join('');
    if (removed !== '' || insert !== '') edits.push({ at, remove: removed.length, insert });
    at += removed.length + before.slice(match.x, match.x + match.length).join('').length;
    [x, y] = [match.x + match.length, match.y + match.length];
  }
  return edits;
}

/** With their ends, so that joined they are the text. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

interface Match {
  readonly x: number;
  readonly y: number;
  readonly length: number;
}

/** Runs of lines that both have, in order; undefined where too many differ. */
function matchLines(a: readonly string[], b: readonly string[]): Match[] | undefined {
  const max = Math.min(a.length + b.length, differencesMax);
  const offset = max + 1;
  let reach = new Int32Array(2 * max + 3);
  const trace: Int32Array[] = [];
  for (let d = 0; d <= max; d += 1) {
    trace.push(reach);
    const next = new Int32Array(reach);
    for (let k = -d; k <= d; k += 2) {
      const goesDown = k === -d || (k !== d && reach[offset + k - 1]! < reach[offset + k + 1]!);
      let x = goesDown ? reach[offset + k + 1]! : reach[offset + k - 1]! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      next[offset + k] = x;
      if (x >= a.length && x - k >= b.length) return walkBack(trace, d, { x: a.length, y: b.length });
    }
    reach = next;
  }
  return undefined;
}

/** The way to the end, from the reach before each of its steps. */
function walkBack(trace: readonly Int32Array[], steps: number, end: { x: number; y: number }): Match[] {
  const matches: Match[] = [];
  let { x, y } = end;
  for (let d = steps; d >= 0; d -= 1) {
    const reach = trace[d]!;
    const offset = (reach.length - 1) / 2;
    const k = x - y;
    const goesDown = k === -d || (k !== d && reach[offset + k - 1]! < reach[offset + k + 1]!);
    const startX = d === 0 ? 0 : goesDown ? reach[offset + k + 1]! : reach[offset + k - 1]! + 1;
    const length = x - startX;
    if (length > 0) matches.unshift({ x: startX, y: startX - k, length });
    if (d === 0) break;
    x = goesDown ? startX : startX - 1;
    y = goesDown ? startX - k - 1 : startX - k;
  }
  return matches;
}
