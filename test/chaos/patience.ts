/** Waits of a scenario: on a condition, with a deadline of its own. */

const lookIntervalMs = 20;

/** Looks again and again until the condition holds; rejects at the deadline. */
export async function keepsLooking(
  condition: () => boolean | Promise<boolean>,
  what: string,
  maxMs: number,
): Promise<void> {
  const deadline = performance.now() + maxMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${maxMs} ms until ${what}`);
    await pass(lookIntervalMs);
  }
}

export async function pass(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  await promise;
}
