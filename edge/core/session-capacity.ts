/**
 * How many sessions an edge takes. Front doors give it no new key from `sessionsMax` on; beyond the hard bound it refuses
 * by itself, whoever sends it what.
 */

/** For keys that were placed before the front doors knew, and for those that come back after a crash or a move. */
const headroomShare = 0.25;
const headroomMin = 16;

export function hasSessionCapacity(sessions: number, sessionsMax: number): boolean {
  return sessions < sessionsMax + Math.max(headroomMin, Math.ceil(sessionsMax * headroomShare));
}
