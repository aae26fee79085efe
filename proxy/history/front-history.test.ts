/** What a front door tells of the pool by itself, in the time that it takes: a line every five minutes, a sample a minute, a new peak soon. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import type { JournalRecord } from '#shared/journal/journal-record.ts';
import { JournalRecorder } from '#shared/journal/recorder.ts';
import { silentLog } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import { loadSettings } from '#shared/settings/load.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { FrontJournal } from '../journal/front-journal.ts';
import { openJournalStore } from '../journal/open-journal.ts';
import { openSqliteJournal } from '../journal/sqlite-journal.ts';
import { EdgePool } from '../membership/pool.ts';
import type { PoolFigures } from '../pool-metrics.ts';
import { askHistory } from './ask-history.ts';
import { FrontHistory } from './front-history.ts';
import { HistoryFiles } from './history-files.ts';
import type { Download } from './history.ts';

function readTestSettings(folder: string): Settings {
  const result = loadSettings({ role: 'direct', env: { CT_LOG_DIR: folder, CT_DATA_DIR: folder } });
  assert.ok(result.kind === 'valid', JSON.stringify(result));
  return result.settings;
}

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-history-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const secrets = deriveFleetSecrets('a join token of a test');

interface Scene {
  readonly folder: string;
  readonly history: FrontHistory;
  /** What it has told. */
  readonly records: JournalRecord[];
}

async function openHistory(t: TestContext): Promise<Scene> {
  const folder = makeFolder(t);
  const store = await openSqliteJournal(join(folder, 'journal.sqlite'), 'UTC');
  t.after(async () => await store.close());
  const records: JournalRecord[] = [];
  const recorder = new JournalRecorder({
    origin: 'front:test',
    bootId: 'a-boot-of-a-test',
    secrets,
    incarnation: () => 0,
    wallMs: () => Date.now(),
    add: (record) => records.push(record),
  });
  return { folder, history: new FrontHistory({ store, recorder, timeZone: 'UTC' }), records };
}

function downloadOf(version: string): Download {
  return { client: 'cli', version, file: 'cli/a', bytes: 5, address: '192.0.2.7' };
}

test('every five minutes a line says how the pool is used, each minute a sample, and a new peak is told within seconds', async (t) => {
  const start = Math.ceil(Date.now() / 300_000) * 300_000 + 60_000;
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: start });
  const { folder, history, records } = await openHistory(t);
  const settings = readTestSettings(folder);
  const files = HistoryFiles.open({ settings, onDropped: () => assert.fail('nothing is dropped') });
  const ending = new AbortController();
  let connections = 3;
  const figures = (): PoolFigures => ({ users: 2, members: 3, sessions: 1, connections, lagMs: 0.5 });
  history.start({ figures, files, signal: ending.signal });
  const pass = (seconds: number): void => {
    for (let i = 0; i < seconds; i++) t.mock.timers.tick(1_000);
  };
  const peaks = (): number[] =>
    records.flatMap((record) => (record.kind === 'pool' ? [record.peakConnections] : []));
  pass(5);
  assert.deepEqual(peaks(), [3]);
  connections = 10;
  pass(1);
  connections = 4;
  pass(4);
  assert.deepEqual(peaks(), [3, 10]);
  pass(60);
  assert.deepEqual(peaks(), [3, 10, 4]);
  for (let i = 0; i < 3; i++) history.countDownload(downloadOf('1.0.0'));
  pass(1);
  assert.deepEqual(
    records.flatMap((record) => (record.kind === 'download' ? [record.count] : [])),
    [3],
  );
  const before = peaks().length;
  pass(600);
  assert.equal(peaks().length - before, 10, 'as long as nothing changes, each minute one');
  ending.abort();
  const told = records.length;
  pass(600);
  assert.equal(records.length, told, 'it looks no more');
  await files!.flush();
  const lines = readFileSync(join(folder, 'usage.log'), 'utf8').split('\n').slice(0, -1);
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    [240_000, 540_000, 671_000].map((ms) => new Date(start + ms).toISOString()),
    'at the full five minutes, and at the end',
  );
  assert.match(
    lines[0]!,
    / users_online=2 users_in_sessions=3 sessions=1 connections=4 peak_connections=10 lag_ms=0\.5$/,
  );
  assert.match(lines[1]!, / peak_connections=4 /);
  const rows = readFileSync(join(folder, 'download-metrics.csv'), 'utf8').split('\n');
  assert.equal(rows[0], 'time,client,version,file,bytes,address');
  assert.match(rows[1]!, /^"[^"]+","cli","1\.0\.0","cli\/a",5,"192\.0\.2\.7"$/);
});

test('a download that ends while the front door does is in the history', async (t) => {
  const settings = readTestSettings(makeFolder(t));
  const journal = await FrontJournal.open(settings, secrets);
  const ending = new AbortController();
  journal.start({ settings, pool: new EdgePool(), log: silentLog(), signal: ending.signal });
  ending.abort();
  journal.history.countDownload(downloadOf('1.0.0'));
  await journal.close();
  const store = await openJournalStore(settings);
  t.after(async () => await store.close());
  const { total } = await askHistory(store, 'UTC', Date.now).downloads(2);
  assert.deepEqual(total, [{ client: 'cli', version: '1.0.0', count: 1 }]);
});

test('however many versions are fetched, monitoring hears of a hundred and others', async (t) => {
  const { history } = await openHistory(t);
  const metrics = new Metrics('ct_proxy_');
  for (let i = 0; i < 110; i++) history.countDownload(downloadOf(`1.0.${i}`));
  history.setGauges(metrics);
  history.countDownload(downloadOf('1.0.0'));
  history.setGauges(metrics);
  const lines = (await metrics.render())
    .split('\n')
    .filter((line) => line.startsWith('ct_pool_client_downloads_total{'));
  assert.equal(lines.length, 101);
  assert.ok(lines.includes('ct_pool_client_downloads_total{client="cli",version="1.0.0"} 2'));
  assert.ok(lines.includes('ct_pool_client_downloads_total{client="cli",version="other"} 10'));
});
