/** How much work an edge has, counted in members. */
import type { EdgeLoad } from '#shared/control-protocol.ts';

/** A session without members, about to get its first one, counts as one. */
export function workOf(load: EdgeLoad | undefined): number {
  return load === undefined ? 0 : Math.max(load.members, load.sessions);
}

/** Members of a session, on average over all edges: what a new one is likely to get. */
export function meanSessionWork(loads: readonly (EdgeLoad | undefined)[]): number {
  let sessions = 0;
  let work = 0;
  for (const load of loads) {
    sessions += load?.sessions ?? 0;
    work += workOf(load);
  }
  return sessions === 0 ? 1 : work / sessions;
}
