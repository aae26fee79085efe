/** Waits of a scenario: on a condition, with a deadline of its own. */

const lookIntervalMs = 20;
const refusedMaxMs = 60_000;

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

/** Comes back where a server says so: a pool of one edge that is late with a report takes nobody new meanwhile. */
export const fetchPatiently: typeof fetch = async (input, init) => {
  const deadline = performance.now() + refusedMaxMs;
  for (;;) {
    const response = await fetch(input, init);
    const again = Number(response.headers.get('retry-after'));
    if (response.status !== 503 || !(again > 0) || performance.now() > deadline) return response;
    await response.body?.cancel();
    await pass(again * 1_000);
  }
};
