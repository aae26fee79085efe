/** Rounds of questions at a fixed pace, for tests that ask all the time while something is broken. */
import { setInterval as every } from 'node:timers/promises';

const roundIntervalMs = 100;

/** The next round begins when the last one has ended, and no sooner than the pace says: what is asked has other work as well. */
export async function inRounds(forMs: number, round: () => Promise<void>): Promise<void> {
  const startedAtMs = performance.now();
  await round();
  for await (const _ of every(roundIntervalMs)) {
    if (performance.now() - startedAtMs >= forMs) return;
    await round();
  }
}
