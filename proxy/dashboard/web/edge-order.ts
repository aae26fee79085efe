/** Edges in the order in which people count: `edge-10` after `edge-9`. */
import type { EdgeFigures, Picture } from '../live/picture.ts';

export function edgesInOrder(picture: Picture | undefined): [string, EdgeFigures][] {
  return Object.entries(picture?.edges ?? {}).toSorted(([a], [b]) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
}
