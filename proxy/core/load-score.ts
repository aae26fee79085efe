/**
 * How loaded is an edge, as one number: members per unit of weight, raised when its event loop, memory or CPU
 * suffer. Members and not sessions: a session of a hundred is a hundred times the work of a session of one.
 * Steers new keys only, never a pin. Formula: docs/decisions/0007-placement.md.
 */
export interface LoadInput {
  /** Members by the last report, and the sessions that have none yet. */
  readonly work: number;
  /** What the placements that the last report does not include are likely to bring, in members. */
  readonly unreportedWork: number;
  readonly weight: number;
  /** 0 to 1, event-loop utilisation. */
  readonly utilisation: number;
  readonly eventLoopDelayP99Ms: number;
  /** 0 to 1, share of the memory limit. */
  readonly memory: number;
  /** Since this incarnation joined. */
  readonly ageMs: number;
}

const slowStartMs = 60_000;
const slowStartShare = 0.1;
/** An event-loop delay beyond this stops new keys altogether. */
export const eventLoopDelayMaxMs = 500;

/** Load per weight 100; an idle edge has 1 divided by its weight share, so that weight counts from the first key on. */
export function scoreLoad(input: LoadInput): number {
  const share = (input.weight / 100) * slowStart(input.ageMs);
  const strain =
    1 +
    Math.max(0, input.eventLoopDelayP99Ms - 20) / 50 +
    Math.max(0, input.memory - 0.7) * 5 +
    Math.max(0, input.utilisation - 0.7) * 3;
  return ((input.work + input.unreportedWork + 1) / share) * strain;
}

/** A new incarnation takes a tenth of its share at first, all of it after a minute. */
function slowStart(ageMs: number): number {
  return Math.min(1, slowStartShare + ((1 - slowStartShare) * Math.max(0, ageMs)) / slowStartMs);
}
