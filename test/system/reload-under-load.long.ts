/** Five reloads and two replaced front doors under a crowd that notices everything; `npm run bench -- reload` is ten times that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeDataDir } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';
import { runReloads, settingsFileIn, writeSettings } from '../support/reloading.ts';
import { SteadyCrowd } from '../support/steady-crowd.ts';

test('reloads and replaced front doors refuse, reset and drop nobody, and move no key', async (t) => {
  const dataDir = makeDataDir(t);
  writeSettings(dataDir, 0);
  // The front door carries every WebSocket itself, which is the harder case.
  const env = { CT_EDGES: '2', CT_SETTINGS_FILE: settingsFileIn(dataDir), CT_HANDOFF: 'off' };
  const pool = await startPool(t, { dataDir, env });
  const crowd = new SteadyCrowd({ url: pool.url, sockets: 200, arrivalsPerSecond: 50 });
  t.after(() => crowd.leave());
  await crowd.enter();
  const { noticed, movedPins, splits } = await runReloads(pool, crowd, {
    reloads: 5,
    restarts: 2,
    tell: (line) => t.diagnostic(line),
  });
  assert.ok(noticed.arrivals > 0);
  assert.deepEqual({ faults: noticed.faults, dropped: noticed.dropped }, { faults: {}, dropped: 0 });
  assert.deepEqual({ movedPins, splits }, { movedPins: 0, splits: 0 });
  const replaced = (): number => pool.lines.filter(({ event }) => event === 'child.replaced').length;
  await eventually(() => replaced() === 2, 'the log tells of both replacements');
});
