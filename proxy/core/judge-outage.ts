/**
 * Whether the store is away for everybody, or for this front door alone: by what edges have heard from all front doors since
 * it failed here. Time alone proves nothing, for on a busy machine everybody's word is late.
 */
import { timing } from '#shared/timing.ts';

export interface HeardOfDoors {
  /** Since an edge sent the last report for which the store renewed its lease, through whichever front door. */
  readonly renewedAgoMs: number;
  /** Since an edge sent the oldest report that is some front door's last to have been answered; Infinity where one has said nothing. */
  readonly heardAgoMs: number;
}

/** What was under way when the store failed here is no sign that others reach it. */
const underWayMs = 300;

/**
 * `cut-off`: another front door reaches it. `away`: all of them have had a report since, and none could have a lease renewed.
 * Undefined while somebody's word is awaited.
 */
export function judgeOutage(heard: HeardOfDoors, downForMs: number): 'cut-off' | 'away' | undefined {
  const sinceMs = downForMs - underWayMs;
  if (heard.renewedAgoMs < sinceMs) return 'cut-off';
  // An older word may be over: an edge itself does not serve by one.
  return heard.heardAgoMs < Math.min(sinceMs, timing.selfFenceMs) ? 'away' : undefined;
}
