/**
 * Epochs start anew at each opening of a directory, above all that were ever given out: by the seconds since 2026, times
 * more than anybody places in one. So neither a power cut, which may take the last commits back, nor an old or lost copy
 * of the data brings an epoch down, which would fence sessions off from themselves for ever.
 */
export const epochsPerSecond = 2 ** 20;
const epochZeroMs = Date.UTC(2026, 0, 1);

/** `wallMs` is the host's clock: it has to be right to the year, and nothing is compared with it. */
export function firstEpochAt(wallMs: number): number {
  return Math.max(0, Math.floor((wallMs - epochZeroMs) / 1_000)) * epochsPerSecond;
}
