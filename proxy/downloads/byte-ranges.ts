/** Which bytes of a file a request asks for (RFC 9110 section 14). Pure. */

/** `first` to `last`, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export type AskedRanges =
  | { readonly kind: 'whole' }
  | { readonly kind: 'unsatisfiable' }
  /** In the order in which they were asked for; none overlaps or touches another. */
  | { readonly kind: 'ranges'; readonly ranges: readonly ByteRange[] };

/** A list beyond this is taken for an attempt to make much of little, and answered with the whole (RFC 9110 section 17.15). */
const specsMax = 32;
/** Two ranges with less between them cost less as one: the head of a part is longer. */
const gapMaxBytes = 100;
const specPattern = /^(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))$/;

/** Of the value of `Range`; what is no list of byte ranges asks for the whole (section 14.2). */
export function readRanges(value: string | undefined, size: number): AskedRanges {
  const list = value === undefined ? null : /^bytes=(.*)$/i.exec(value.trim());
  if (list === null) return { kind: 'whole' };
  const specs = list[1]!
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '');
  if (specs.length === 0 || specs.length > specsMax) return { kind: 'whole' };
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const range = readSpec(spec, size);
    if (range === undefined) return { kind: 'whole' };
    if (range !== 'beyond') ranges.push(range);
  }
  if (ranges.length === 0) return { kind: 'unsatisfiable' };
  return { kind: 'ranges', ranges: join(ranges) };
}

export function lengthOf({ first, last }: ByteRange): number {
  return last - first + 1;
}

/** Undefined where it is none. */
function readSpec(spec: string, size: number): ByteRange | 'beyond' | undefined {
  const match = specPattern.exec(spec);
  if (match === null) return undefined;
  const [, from, to, suffix] = match;
  if (suffix !== undefined) {
    const bytes = Math.min(Number(suffix), size);
    return bytes === 0 ? 'beyond' : { first: size - bytes, last: size - 1 };
  }
  const first = Number(from);
  const last = to === undefined ? Infinity : Number(to);
  if (last < first) return undefined;
  return first >= size ? 'beyond' : { first, last: Math.min(last, size - 1) };
}

/** Those that overlap, or nearly touch, become one, at the place of the one that was asked for first. */
function join(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const sorted = ranges.map((range, order) => ({ ...range, order })).toSorted((a, b) => a.first - b.first);
  const joined: typeof sorted = [];
  for (const range of sorted) {
    const before = joined.at(-1);
    if (before === undefined || range.first > before.last + gapMaxBytes) {
      joined.push(range);
      continue;
    }
    const last = Math.max(before.last, range.last);
    joined[joined.length - 1] = { first: before.first, last, order: Math.min(before.order, range.order) };
  }
  return joined.toSorted((a, b) => a.order - b.order).map(({ first, last }) => ({ first, last }));
}
