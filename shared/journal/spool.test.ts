/** What is on its way to the journal: it outlives processes, arrives in order, and is bounded. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { RecordMaker } from '../../test/support/journal-records.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { silentLog } from '../log.ts';
import { Courier } from './courier.ts';
import type { JournalRecord } from './journal-record.ts';
import { Spool } from './spool.ts';

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-spool-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function openSpool(folder: string, name = 'edge-1', recordsMax?: number): Promise<Spool> {
  return await Spool.open({
    folder,
    name,
    bootId: randomUUID(),
    ...(recordsMax === undefined ? {} : { recordsMax }),
  });
}

function linesIn(folder: string): number {
  const files = readdirSync(folder).filter((file) => file.endsWith('.spool'));
  return files.reduce(
    (sum, file) => sum + readFileSync(join(folder, file), 'utf8').split('\n').length - 1,
    0,
  );
}

function numbers(records: readonly JournalRecord[]): number[] {
  return records.map(({ sequence }) => sequence);
}

void test('what a process has left behind, torn at its end, is taken along in its order by the next one of the name', async (t) => {
  const folder = makeFolder(t);
  const maker = new RecordMaker();
  const first = await openSpool(folder);
  for (let i = 0; i < 5; i++) first.add(maker.entry());
  first.remove(2);
  await eventually(() => linesIn(folder) === 5, 'the file has all');
  // Killed here: nothing is closed, and a line was cut short.
  const [file] = readdirSync(folder);
  appendFileSync(join(folder, file!), '{"kind":"entry","boot":"');
  const second = await openSpool(folder);
  assert.deepEqual(numbers(second.peek(10)), [1, 2, 3, 4, 5], 'those that had arrived are told again');
  second.add(maker.entry());
  await second.close();
  const third = await openSpool(folder);
  assert.deepEqual(numbers(third.peek(10)), [1, 2, 3, 4, 5, 6]);
  const other = await openSpool(folder, 'edge-1-2');
  assert.equal(other.waiting, 0, 'another name');
  third.remove(6);
  await third.close();
  await other.close();
  assert.deepEqual(readdirSync(folder), [], 'nothing waits, so nothing is left');
  await first.close();
});

void test('what was added after everything had arrived outlives the process too, and the file holds nothing else', async (t) => {
  const folder = makeFolder(t);
  const maker = new RecordMaker();
  const first = await openSpool(folder);
  for (let round = 1; round <= 3; round++) {
    for (let i = 0; i < 5; i++) first.add(maker.entry());
    await eventually(() => linesIn(folder) === 5, 'the file has these');
    if (round < 3) first.remove(5);
    if (round < 3) await eventually(() => linesIn(folder) === 0, 'the file is empty');
  }
  const next = await openSpool(folder);
  assert.deepEqual(numbers(next.peek(100)), [11, 12, 13, 14, 15]);
  const [file] = readdirSync(folder);
  assert.ok(!readFileSync(join(folder, file!), 'utf8').includes('\0'));
  await next.close();
  await first.close();
});

void test('what another process that lives has not brought yet is left to it', async (t) => {
  const folder = makeFolder(t);
  const maker = new RecordMaker();
  const own = await openSpool(folder);
  own.add(maker.entry());
  await eventually(() => linesIn(folder) === 1, 'the file has it');
  const living = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const [file] = readdirSync(folder);
  renameSync(join(folder, file!), join(folder, file!.replace(`-${process.pid}-`, `-${living.pid}-`)));
  const beside = await openSpool(folder);
  assert.equal(beside.waiting, 0);
  await beside.close();
  living.stdin.end();
  await once(living, 'exit');
  const after = await openSpool(folder);
  assert.deepEqual(numbers(after.peek(10)), [1]);
  await after.close();
  await own.close();
});

void test('a full spool drops what comes, counts it, and keeps what it had', async (t) => {
  const maker = new RecordMaker();
  const spool = await openSpool(makeFolder(t), 'edge-1', 3);
  for (let i = 0; i < 5; i++) spool.add(maker.entry());
  assert.deepEqual([spool.waiting, spool.dropped], [3, 2]);
  assert.deepEqual(numbers(spool.peek(10)), [1, 2, 3]);
  spool.remove(1);
  spool.add(maker.entry());
  assert.deepEqual(numbers(spool.peek(10)), [2, 3, 6], 'the gap shows in the numbers');
  await spool.close();
});

void test('the file does not grow for ever where something always waits', async (t) => {
  const folder = makeFolder(t);
  const maker = new RecordMaker();
  const spool = await openSpool(folder);
  const detail = 'x'.repeat(200);
  for (let round = 0; round < 60; round++) {
    for (let i = 0; i < 200; i++) spool.add(maker.entry({ detail }));
    spool.remove(round === 0 ? 199 : 200);
    const waiting = spool.waiting;
    await eventually(() => linesIn(folder) >= waiting, 'it is written');
  }
  await spool.close();
  const [file] = readdirSync(folder);
  assert.ok(statSync(join(folder, file!)).size < 6_000_000);
  const next = await openSpool(folder);
  assert.equal(numbers(next.peek(1_000_000)).at(-1), 12_000);
  await next.close();
});

void test('a courier brings everything in order, again where it failed, and never past what failed', async (t) => {
  const maker = new RecordMaker();
  const spool = await openSpool(makeFolder(t));
  const arrived: number[] = [];
  let failures = 3;
  const deliver = async (records: readonly JournalRecord[]): Promise<void> => {
    if (failures > 0) throw new Error(`not yet: ${failures--}`);
    arrived.push(...numbers(records));
    await Promise.resolve();
  };
  const courier = new Courier({ spool, deliver, log: silentLog(), random: () => 0 });
  for (let i = 0; i < 500; i++) spool.add(maker.entry());
  await eventually(() => arrived.length >= 500, 'everything has arrived');
  assert.deepEqual(
    arrived,
    Array.from({ length: 500 }, (_, at) => at + 1),
  );
  await courier.stop(1_000);
  await spool.close();
});
