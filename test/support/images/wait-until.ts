/** Waits for a condition that has to be asked for, such as an answer over HTTP; fails at its deadline. */
import { setInterval as every } from 'node:timers/promises';

const waitMaxMs = 90_000;
const lookIntervalMs = 100;

/** Asks until the answer is true; an error counts as not yet, and the last one explains the failure. */
export async function waitUntil(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + waitMaxMs;
  let last: unknown;
  for await (const _ of every(lookIntervalMs)) {
    try {
      if (await condition()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${waitMaxMs} ms until ${what}`, { cause: last });
    }
  }
}
