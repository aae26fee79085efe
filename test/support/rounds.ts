/** Rounds of questions at a fixed pace, for tests that ask all the time while something is broken. */
import { setInterval as every } from 'node:timers/promises';

const roundIntervalMs = 100;

/** The next round begins when the last one has ended, and no sooner than the pace says: what is asked has other work as well. Rounds are numbered from 0. */
export async function inRounds(forMs: number, round: (number: number) => Promise<void>): Promise<void> {
  const startedAtMs = performance.now();
  let number = 0;
  await round(number++);
  for await (const _ of every(roundIntervalMs)) {
    if (performance.now() - startedAtMs >= forMs) return;
    await round(number++);
  }
}
