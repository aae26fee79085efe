/** Removes the pins whose sessions ended long ago, all that there are: in pieces, so that the store has room for others between them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AffinityKey } from '#shared/ids.ts';
import { timing } from '#shared/timing.ts';
import type { Directory } from './directory/directory.ts';

const sweptAtOnce = 500;
const pauseMs = 100;

/** Tells `hear` of each piece that was removed, the last one possibly empty. Throws what the directory throws. */
export async function sweepIdlePins(
  directory: Pick<Directory, 'removeIdlePins'>,
  hear: (keys: readonly AffinityKey[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const keys = await directory.removeIdlePins(timing.pinLingerMs, sweptAtOnce);
    await hear(keys);
    if (keys.length < sweptAtOnce || signal.aborted) return;
    await sleep(pauseMs, undefined, { ref: false });
  }
}
