/** Candidates of the wanted region, or all where none of them is of it, or none is wanted. */
import { defaultRegion } from '#shared/regions.ts';

export function preferRegion<C extends { readonly region: string }>(
  candidates: readonly C[],
  wanted: string,
): readonly C[] {
  if (wanted === defaultRegion) return candidates;
  const own = candidates.filter(({ region }) => region === wanted);
  return own.length === 0 ? candidates : own;
}
