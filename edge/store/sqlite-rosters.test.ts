/** The SQLite roster store: the conformance suite, and what happens to it where its file or disk fails. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import Database from 'better-sqlite3';
import type { AppError } from '#shared/errors.ts';
import { testRosterHistories } from '../../test/support/roster-histories.ts';
import { temporaryStorePath } from '../../test/support/y-edge.ts';
import { refAt, testRosterStore } from './roster-conformance.ts';
import type { OpenScene } from './roster-conformance.ts';
import type { RosterStore } from './roster-store.ts';
import { openSqliteRosters } from './sqlite-rosters.ts';

const unavailable = { code: 'roster-unavailable' };
const written = { kind: 'written' };

const openScene: OpenScene = async (t) => {
  const path = await temporaryStorePath(t);
  return {
    open: async () => await openSqliteRosters(path),
    letPass: (ms) => {
      const database = new Database(path);
      database.prepare('UPDATE roster_clock SET wall_ms = wall_ms - ?').run(ms);
      database.close();
    },
  };
};

testRosterStore(openScene);
testRosterHistories(openScene);

async function openStore(t: TestContext, path: string): Promise<RosterStore> {
  const store = await openSqliteRosters(path);
  t.after(async () => await store.close());
  return store;
}

const roster = { birth: 7, bytes: Uint8Array.of(1, 2, 3) };

test('what was written is there after the file was closed and opened again', async (t) => {
  const path = await temporaryStorePath(t);
  const first = await openStore(t, path);
  await first.claim(refAt(1));
  await first.save(refAt(1), roster);
  await first.close();
  const second = await openStore(t, path);
  const recalled = await second.claim(refAt(2));
  assert.ok(recalled.kind === 'recalled');
  assert.deepEqual([...recalled.roster!.bytes], [1, 2, 3]);
});

test('while another process has the file locked calls fail by their deadline, and go on when it lets go', async (t) => {
  const path = await temporaryStorePath(t);
  const store = await openStore(t, path);
  await store.claim(refAt(1));
  const other = new Database(path);
  other.exec('BEGIN IMMEDIATE');
  await assert.rejects(store.save(refAt(1), roster), unavailable);
  other.exec('COMMIT');
  other.close();
  assert.deepEqual(await store.save(refAt(1), roster), written);
});

test('a disk that is full fails the write alone, keeps what was there, and takes it when there is room', async (t) => {
  const folder = mountSmallDisk(t);
  if (folder === undefined) return t.diagnostic('not tried: to mount a disk one has to be root');
  const store = await openStore(t, join(folder, 'rosters.sqlite'));
  await store.claim(refAt(1));
  await store.save(refAt(1), roster);
  const filler = join(folder, 'filler');
  fill(filler);
  const large = { birth: 7, bytes: randomBytes(1_048_576) };
  await assert.rejects(store.save(refAt(1), large), (error: AppError) => {
    assert.match(String(error.facts['reason']), /disk is full/);
    return error.code === 'roster-unavailable';
  });
  rmSync(filler);
  const recalled = await store.claim(refAt(2));
  assert.ok(recalled.kind === 'recalled');
  assert.deepEqual([...recalled.roster!.bytes], [1, 2, 3]);
  assert.deepEqual(await store.save(refAt(2), large), written);
});

/** A file system of 4 MiB; undefined where this process may not have one. */
function mountSmallDisk(t: TestContext): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-full-'));
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  t.after(() => {
    execFileSync('/bin/umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Takes all the room that is left. */
function fill(path: string): void {
  const chunk = Buffer.alloc(65_536);
  for (;;) {
    try {
      writeFileSync(path, chunk, { flag: 'a' });
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
      return;
    }
  }
}

test('a file of a newer program is refused', async (t) => {
  const path = await temporaryStorePath(t);
  const database = new Database(path);
  database.pragma('user_version = 999');
  database.close();
  await assert.rejects(openSqliteRosters(path), /use the newer program/);
});
