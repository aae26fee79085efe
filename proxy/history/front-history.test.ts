/** What a front door tells of the pool by itself, in the time that it takes: a line every five minutes, a sample a minute, a new peak soon. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import type { JournalRecord } from '#shared/journal/journal-record.ts';
import { JournalRecorder } from '#shared/journal/recorder.ts';
import { loadSettings } from '#shared/settings/load.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { openSqliteJournal } from '../journal/sqlite-journal.ts';
import type { PoolFigures } from '../pool-metrics.ts';
import { FrontHistory } from './front-history.ts';
import { HistoryFiles } from './history-files.ts';

function readTestSettings(folder: string): Settings {
  const result = loadSettings({ role: 'direct', env: { CT_LOG_DIR: folder } });
  assert.ok(result.kind === 'valid', JSON.stringify(result));
  return result.settings;
}

test('every five minutes a line says how the pool is used, each minute a sample, and a new peak is told within seconds', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-history-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const store = await openSqliteJournal(join(folder, 'journal.sqlite'), 'UTC');
  t.after(async () => await store.close());
  const settings = readTestSettings(folder);
  const records: JournalRecord[] = [];
  const start = Math.ceil(Date.now() / 300_000) * 300_000 + 60_000;
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: start });
  const recorder = new JournalRecorder({
    origin: 'front:test',
    bootId: 'a-boot-of-a-test',
    secrets: deriveFleetSecrets('a join token of a test'),
    incarnation: () => 0,
    wallMs: Date.now,
    add: (record) => records.push(record),
  });
  const files = HistoryFiles.open({ settings, onDropped: () => assert.fail('nothing is dropped') });
  const history = new FrontHistory({ store, recorder, timeZone: 'UTC' });
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
  for (let i = 0; i < 3; i++)
    history.countDownload({ client: 'cli', version: '1.0.0', file: 'cli/a', bytes: 5, address: '192.0.2.7' });
  pass(1);
  assert.deepEqual(
    records.flatMap((record) => (record.kind === 'download' ? [record.count] : [])),
    [3],
  );
  pass(600);
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
