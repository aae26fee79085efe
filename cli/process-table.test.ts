/** What a supervisor tells of its processes, where its data folder takes nothing. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { openLog } from '#shared/log.ts';
import type { LogEvent } from '#shared/log.ts';
import { makeDisk } from '../test/support/small-disk.ts';
import { ProcessTable } from './process-table.ts';
import { lockRestart } from './data-dir-lock.ts';
import { readRunState } from './run-state.ts';

const edge = { name: 'edge-1', role: 'edge', pid: 4_321, logFile: '' } as const;

function open(dataDir: string): { table: ProcessTable; heard: LogEvent[] } {
  const heard: LogEvent[] = [];
  const log = openLog({ level: 'silent', role: 'direct', hear: (event) => heard.push(event) });
  return { table: new ProcessTable(dataDir, log), heard };
}

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-table-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('a process that starts again on a full disk is told of in the log, and in the run state as soon as there is room', (t) => {
  const folder = makeDisk(t, '64k');
  if (folder === undefined) return t.diagnostic('not tried: it needs root, to mount a small disk');
  const { table, heard } = open(folder);
  table.started(edge, 'first');
  table.serve({ http: 1 });
  writeFileSync(join(folder, 'filler'), Buffer.alloc(52_000));
  assert.throws(() => writeFileSync(join(folder, 'rest'), Buffer.alloc(20_000)), /ENOSPC/);
  table.started(edge, 'again');
  assert.deepEqual(heard, ['run-state.failed']);
  assert.equal(readRunState(folder)!.processes![0]!.restarts, 0);
  rmSync(join(folder, 'filler'));
  rmSync(join(folder, 'rest'));
  table.started(edge, 'again');
  assert.equal(readRunState(folder)!.processes![0]!.restarts, 2);
  assert.equal(heard.length, 1);
});

test('a supervisor that can tell nobody of itself does not begin to serve', (t) => {
  const folder = makeFolder(t);
  const { table } = open(join(folder, 'gone'));
  table.started(edge, 'first');
  assert.throws(() => table.serve({ http: 1 }), /ENOENT/);
});

test('a lock that cannot be had for another reason is not taken for a restart that is going on', (t) => {
  const folder = makeFolder(t);
  const { release } = lockRestart(folder);
  assert.throws(() => lockRestart(folder), /is going on/);
  release();
  writeFileSync(join(folder, 'mooring-restart.lock'), 'this is no lock of ours. '.repeat(100));
  assert.throws(() => lockRestart(folder), /file is not a database/);
});
