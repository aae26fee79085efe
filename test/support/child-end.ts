/**
 * The end of a process that a test has started and whose hook is never called: node:test skips the hooks after one that
 * throws. The test's own process does not wait for it then, and with that it ends, too: by the end of the channel between both,
 * or by the signal that it asked the kernel for (`setpriv --pdeathsig`).
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';

/** What ends with a test, or with its whole file where it is given `{ after }` of node:test. */
export interface Lifetime {
  readonly after: (end: () => void | Promise<void>) => void;
}

/** Whoever waits for it needs a deadline, whose timer keeps the test's process alive meanwhile. */
export function letGo(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as Socket | null)?.unref();
}
