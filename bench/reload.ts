/** Does anybody notice that settings are reloaded and front doors replaced, again and again, under load? */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPool } from '../test/support/pool.ts';
import { runReloads, settingsFileIn, writeSettings } from '../test/support/reloading.ts';
import { SteadyCrowd } from '../test/support/steady-crowd.ts';
import { judge } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { formatTable } from './table.ts';

const sizes = {
  full: { sockets: 2_000, arrivalsPerSecond: 200, reloads: 50, restarts: 10 },
  short: { sockets: 500, arrivalsPerSecond: 100, reloads: 10, restarts: 2 },
} as const;

/** Between two reloads people come and go. */
const pauseMs = 1_000;

export async function runReload({ isShort, folder }: RunOptions): Promise<Outcome> {
  const { sockets, arrivalsPerSecond, reloads, restarts } = isShort ? sizes.short : sizes.full;
  const dataDir = join(folder, 'reload');
  mkdirSync(dataDir);
  writeSettings(dataDir, 0);
  // The front door carries every WebSocket itself, which is the harder case.
  const env = { CT_SETTINGS_FILE: settingsFileIn(dataDir), CT_HANDOFF: 'off' };
  const { pool, close } = openPool({ dataDir, env });
  try {
    await pool.waitUntilReady();
    const crowd = new SteadyCrowd({ url: pool.url, sockets, arrivalsPerSecond });
    try {
      await crowd.enter();
      console.log(`reload: ${sockets} WebSockets, ${arrivalsPerSecond} new connections a second`);
      const pause = async (): Promise<void> => await sleep(pauseMs);
      const tell = (line: string): void => console.log(`reload: ${line}`);
      const trial = await runReloads(pool, crowd, { reloads, restarts, tell, pause });
      const { noticed, movedPins, splits } = trial;
      const failed = Object.values(noticed.faults).reduce((sum, count) => sum + count, 0);
      return {
        benchmark: 'reload',
        text: formatTable([
          [
            'WebSockets',
            'arrivals',
            'reloads',
            'replaced',
            'failed arrivals',
            'dropped',
            'moved pins',
            'splits',
          ],
          [sockets, noticed.arrivals, reloads, restarts, failed, noticed.dropped, movedPins, splits].map(
            String,
          ),
        ]),
        figures: [trial],
        verdicts: [
          judge('reload', 'arrivals-refused-or-reset', failed, { atMost: 0 }),
          judge('reload', 'websockets-dropped', noticed.dropped, { atMost: 0 }),
          judge('reload', 'pins-moved', movedPins, { atMost: 0 }),
          judge('reload', 'keys-with-two-owners', splits, { atMost: 0 }),
        ],
        failures: noticed.arrivals === 0 ? { arrivals: 'nobody came' } : {},
      };
    } finally {
      crowd.leave();
    }
  } finally {
    await close();
  }
}
