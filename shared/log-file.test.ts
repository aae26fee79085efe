/** Log files: when they begin anew, what is kept of them, and that nothing is lost while several write. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { LogFile } from './log-file.ts';
import type { LogFileBounds } from './log-file.ts';

const unbounded: LogFileBounds = { maxBytes: 0, maxAgeMs: 0, keptFiles: 0 };

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function writeLines(file: LogFile, name: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const line = Buffer.from(`${name} ${i}\n`);
    assert.equal(await file.write(line), line.length);
  }
}

function readAll(folder: string): string[] {
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  return texts.flatMap((text) => text.split('\n').filter((line) => line !== ''));
}

test('a file that would grow beyond its bound begins anew, and no line is lost', async (t) => {
  const folder = makeFolder(t);
  const file = new LogFile(join(folder, 'a.log'), { ...unbounded, maxBytes: 100 });
  await writeLines(file, 'line', 200);
  assert.ok(readdirSync(folder).length > 10);
  for (const name of readdirSync(folder)) assert.ok(readFileSync(join(folder, name)).length <= 100);
  assert.deepEqual(readAll(folder).toSorted(), Array.from({ length: 200 }, (_, i) => `line ${i}`).toSorted());
});

test('only so many old files are kept, the newest, and nobody else’s', async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, 'a.log.1'), 'of somebody else');
  writeFileSync(join(folder, 'a.log.2026.gz'), 'of somebody else');
  const file = new LogFile(join(folder, 'a.log'), { ...unbounded, maxBytes: 100, keptFiles: 3 });
  await writeLines(file, 'line', 200);
  const names = readdirSync(folder);
  assert.equal(names.length, 3 + 1 + 2, names.join(' '));
  assert.ok(names.includes('a.log.1') && names.includes('a.log.2026.gz'));
  assert.ok(readAll(folder).includes('line 199'));
  assert.equal(readAll(folder).includes('line 0'), false);
});

test('a file that is old enough begins anew', async (t) => {
  const folder = makeFolder(t);
  let aheadMs = 0;
  const file = new LogFile(
    join(folder, 'a.log'),
    { ...unbounded, maxAgeMs: 3_600_000 },
    () => Date.now() + aheadMs,
  );
  await writeLines(file, 'young', 3);
  assert.equal(readdirSync(folder).length, 1);
  aheadMs = 3_700_000;
  await writeLines(file, 'old', 1);
  assert.equal(readdirSync(folder).length, 2);
  assert.equal(readFileSync(join(folder, 'a.log'), 'utf8'), 'old 0\n');
});

test('a file that somebody moves away begins anew at a signal, and by itself', async (t) => {
  const folder = makeFolder(t);
  let aheadMs = 0;
  const file = new LogFile(join(folder, 'a.log'), unbounded, () => Date.now() + aheadMs);
  await writeLines(file, 'before', 1);
  renameSync(join(folder, 'a.log'), join(folder, 'moved'));
  file.reopen();
  await writeLines(file, 'signalled', 1);
  assert.equal(readFileSync(join(folder, 'a.log'), 'utf8'), 'signalled 0\n');
  renameSync(join(folder, 'a.log'), join(folder, 'moved-again'));
  aheadMs = 2_000;
  await writeLines(file, 'noticed', 1);
  assert.equal(readFileSync(join(folder, 'a.log'), 'utf8'), 'noticed 0\n');
});

test('what was in the file before stays', async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, 'a.log'), 'from yesterday\n');
  await writeLines(new LogFile(join(folder, 'a.log'), unbounded), 'today', 1);
  assert.equal(readFileSync(join(folder, 'a.log'), 'utf8'), 'from yesterday\ntoday 0\n');
});

test('several that write to one file and begin it anew lose no line and tear none apart', async (t) => {
  const folder = makeFolder(t);
  const bounds = { ...unbounded, maxBytes: 300 };
  let aheadMs = 0;
  const files = Array.from(
    { length: 4 },
    () => new LogFile(join(folder, 'a.log'), bounds, () => Date.now() + (aheadMs += 10)),
  );
  await Promise.all(files.map(async (file, i) => await writeLines(file, `writer-${i}`, 300)));
  const expected = files.flatMap((_, i) => Array.from({ length: 300 }, (__, n) => `writer-${i} ${n}`));
  assert.deepEqual(readAll(folder).toSorted(), expected.toSorted());
});

test('a folder that cannot be written to is an error at the start', (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, 'file'), '');
  assert.throws(() => new LogFile(join(folder, 'file', 'a.log'), unbounded), /ENOTDIR|EEXIST/);
});

test('each file begins with its head, once, however many begin it, and is none the older for it', async (t) => {
  const folder = makeFolder(t);
  const bounds = { ...unbounded, maxBytes: 200, head: 'name,value\n' };
  let aheadMs = 0;
  const files = Array.from(
    { length: 4 },
    () => new LogFile(join(folder, 'a.csv'), bounds, () => Date.now() + (aheadMs += 10)),
  );
  await Promise.all(files.map(async (file, i) => await writeLines(file, `writer-${i}`, 100)));
  const expected = files.flatMap((_, i) => Array.from({ length: 100 }, (__, n) => `writer-${i} ${n}`));
  const rows: string[] = [];
  for (const name of readdirSync(folder)) {
    const [head, ...others] = readFileSync(join(folder, name), 'utf8').split('\n');
    assert.equal(head, 'name,value', name);
    rows.push(...others.filter((line) => line !== ''));
  }
  assert.deepEqual(rows.toSorted(), expected.toSorted());
  const old = new LogFile(join(folder, 'b.csv'), { ...bounds, maxAgeMs: 1 }, () => Date.now() + 1_000_000);
  await writeLines(old, 'first', 1);
  assert.equal(readdirSync(folder).filter((name) => name.startsWith('b.csv')).length, 1);
});
