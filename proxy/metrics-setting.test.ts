/** What is set of metrics for the fleet, and what the settings of a process say where nothing is, on a real directory. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { openLog } from '#shared/log.ts';
import type { StatsdTarget } from '#shared/statsd-target.ts';
import { defaultSettings } from '../test/support/default-settings.ts';
import type { Directory } from './directory/directory.ts';
import { openSqliteDirectory } from './directory/sqlite-directory.ts';
import { MetricsSetting } from './metrics-setting.ts';

const networks = ['10.0.0.0/8'];
const log = openLog({ level: 'silent', role: 'proxy' });
const server = { host: 'statsd.example.org', port: 8_125, protocol: 'udp' } as const;
const target: StatsdTarget = { ...server, prefix: 'mooring.', labels: 'name', tags: [] };

async function openStore(t: TestContext): Promise<Directory> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-metrics-'));
  const directory = await openSqliteDirectory(join(folder, 'directory.sqlite'));
  t.after(async () => {
    await directory.close();
    rmSync(folder, { recursive: true });
  });
  return directory;
}

/** One front door whose settings say that Prometheus finds `/metrics`, and one whose do not. */
function bothOf(directory: Directory): readonly [MetricsSetting, MetricsSetting] {
  const open = (enabled: string): MetricsSetting => {
    const settings = { ...defaultSettings(), CT_PROMETHEUS_ENABLED: enabled, CT_METRICS_ALLOW: networks };
    return new MetricsSetting({ directory, log, settings });
  };
  return [open('true'), open('false')];
}

test('what is set for the fleet goes before the settings of a process, on as well as off, and what is not set leaves them alone', async (t) => {
  const directory = await openStore(t);
  const both = bothOf(directory);
  const served = async (): Promise<boolean[]> => {
    for (const one of both) await one.refresh();
    return both.map(({ isServed }) => isServed);
  };
  assert.deepEqual(await served(), [true, false]);
  await both[0].replace({ prometheus: false }, 0);
  assert.deepEqual(await served(), [false, false]);
  await both[1].replace({ prometheus: true }, 1);
  assert.deepEqual(await served(), [true, true]);
  await assert.rejects(both[0].replace({}, 1), { code: 'setting-changed' });
  await both[0].replace({ statsd: null }, 2);
  assert.deepEqual(await served(), [true, false]);
});

test('what an older program has stored is read, and what is left out is not stored, so that an older program reads it', async (t) => {
  const directory = await openStore(t);
  const both = bothOf(directory);
  assert.ok(await directory.writeFleetSetting('metrics', JSON.stringify({ statsd: target }), 0));
  for (const one of both) await one.refresh();
  assert.deepEqual(
    both.map((one) => one.target),
    [target, target],
  );
  assert.deepEqual(
    both.map(({ isServed }) => isServed),
    [true, false],
  );
  await both[0].replace({ statsd: target, prometheus: true }, 1);
  await both[0].replace({ ...both[0].fleet, prometheus: undefined }, 2);
  const { value } = (await directory.readFleetSetting('metrics'))!;
  assert.deepEqual(JSON.parse(value), { statsd: target });
});

test('who looks sees what is set, what holds at this front door, and what a scrape needs there', async (t) => {
  const [one] = bothOf(await openStore(t));
  await one.replace({ statsd: null }, undefined);
  assert.deepEqual(one.show(), {
    version: 1,
    fleet: { statsd: null },
    from: 'fleet',
    statsd: null,
    prometheus: { isServed: true, networks, hasToken: false },
  });
});
