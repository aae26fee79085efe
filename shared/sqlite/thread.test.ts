/** The database thread: group commit, failures that stay alone, and bounds on time and number. */
import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { eventually } from '../../test/support/oct-inbox.ts';
import type { NoteOperations } from '../../test/support/note-thread.ts';
import { AppError } from '../errors.ts';
import { openSqliteThread } from './thread.ts';
import type { SqliteThread } from './thread.ts';

const module = new URL('../../test/support/note-thread.ts', import.meta.url);
const gateCount = 2;

interface Notes {
  readonly path: string;
  readonly thread: SqliteThread<NoteOperations>;
  /** Another connection, as another process would have it. */
  readonly outside: () => string[];
  readonly reached: (gate: number) => Promise<void>;
  readonly open: (gate: number) => void;
}

async function openNotes(
  t: TestContext,
  limits: { deadlineMs?: number; waitingMax?: number } = {},
): Promise<Notes> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-thread-'));
  const path = join(folder, 'notes.sqlite');
  const gates = new Int32Array(new SharedArrayBuffer(gateCount * 8));
  const open = (gate: number): void => {
    Atomics.store(gates, gate * 2, 1);
    Atomics.notify(gates, gate * 2);
  };
  const thread = await openSqliteThread<NoteOperations>({
    module,
    workerData: { path, gates },
    waitingMax: 100,
    deadlineMs: 30_000,
    failureCode: 'store-unavailable',
    ...limits,
  });
  t.after(async () => {
    for (let gate = 0; gate < gateCount; gate++) open(gate);
    await thread.close();
    rmSync(folder, { recursive: true });
  });
  return {
    path,
    thread,
    open,
    outside: () => readNotes(path),
    reached: async (gate) =>
      await eventually(() => Atomics.load(gates, gate * 2 + 1) === 1, `the thread is at gate ${gate}`),
  };
}

function readNotes(path: string): string[] {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare('SELECT text FROM note ORDER BY text').pluck().all() as string[];
  } finally {
    database.close();
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof AppError && error.code === 'store-unavailable';
}

test('an operation’s answer comes back', async (t) => {
  const { thread } = await openNotes(t);
  assert.equal(await thread.call('add', 'a'), 'a');
  assert.deepEqual(await thread.call('list', undefined), ['a']);
});

test('calls that gathered during a batch are one transaction, answered after its commit', async (t) => {
  const { thread, outside, reached, open } = await openNotes(t);
  const answered: string[] = [];
  const first = thread.call('waitAt', 0);
  await reached(0);
  const a = thread.call('add', 'a').then((text) => answered.push(text));
  const wait = thread.call('waitAt', 1);
  const b = thread.call('add', 'b').then((text) => answered.push(text));
  open(0);
  await reached(1);
  await first;
  assert.deepEqual(outside(), []);
  assert.deepEqual(answered, []);
  open(1);
  await Promise.all([a, b, wait]);
  assert.deepEqual(outside(), ['a', 'b']);
});

test('a call that fails is undone alone; the rest of its batch is kept', async (t) => {
  const { thread, outside, reached, open } = await openNotes(t);
  const first = thread.call('waitAt', 0);
  await reached(0);
  const calls = [thread.call('add', 'a'), thread.call('addAndFail', 'b'), thread.call('add', 'c')];
  const settled = Promise.allSettled(calls);
  open(0);
  await first;
  const [a, b, c] = await settled;
  assert.deepEqual([a?.status, b?.status, c?.status], ['fulfilled', 'rejected', 'fulfilled']);
  const { reason } = b as PromiseRejectedResult;
  assert.ok(isUnavailable(reason));
  assert.match(String((reason as AppError).facts['reason']), /failed after the write/);
  assert.deepEqual(outside(), ['a', 'c']);
});

test('when a commit fails, every call of its batch fails, nothing is kept, and the next batch runs', async (t) => {
  const { thread, outside, reached, open } = await openNotes(t);
  const first = thread.call('waitAt', 0);
  await reached(0);
  const settled = Promise.allSettled([thread.call('add', 'a'), thread.call('answerNothing', undefined)]);
  open(0);
  await first;
  for (const result of await settled) {
    assert.ok(result.status === 'rejected' && isUnavailable(result.reason));
  }
  assert.deepEqual(outside(), []);
  assert.equal(await thread.call('add', 'a'), 'a');
});

test('a call that is not answered in time fails, never runs if the thread had not got it, and harms no later one', async (t) => {
  const { thread, reached, open } = await openNotes(t, { deadlineMs: 250 });
  const blocked = assert.rejects(thread.call('waitAt', 0), isUnavailable);
  await reached(0);
  await assert.rejects(thread.call('add', 'late'), isUnavailable);
  await blocked;
  open(0);
  let notes: string[] | undefined;
  await eventually(async () => {
    notes = await thread.call('list', undefined).catch(() => undefined);
    return notes !== undefined;
  }, 'the thread answers again');
  assert.deepEqual(notes, []);
});

test('a call beyond the bound is refused at once, and does not harm those that wait', async (t) => {
  const { thread, reached, open } = await openNotes(t, { waitingMax: 2 });
  const first = thread.call('waitAt', 0);
  await reached(0);
  const second = thread.call('add', 'a');
  await assert.rejects(thread.call('add', 'b'), isUnavailable);
  open(0);
  await Promise.all([first, second]);
  assert.deepEqual(await thread.call('list', undefined), ['a']);
});

test('closing waits for every call made before it, and refuses those after it', async (t) => {
  const { thread, outside, reached, open } = await openNotes(t);
  const first = thread.call('waitAt', 0);
  await reached(0);
  const settled = Promise.allSettled([first, thread.call('add', 'a')]);
  const closed = thread.close();
  const refused = assert.rejects(thread.call('add', 'b'), isUnavailable);
  open(0);
  await Promise.all([closed, refused]);
  assert.deepEqual(
    (await settled).map((result) => result.status),
    ['fulfilled', 'fulfilled'],
  );
  assert.deepEqual(outside(), ['a']);
});

test('when the thread dies, the calls that wait fail, and later ones at once', async (t) => {
  const { thread } = await openNotes(t);
  await assert.rejects(thread.call('end', undefined), isUnavailable);
  await assert.rejects(thread.call('list', undefined), isUnavailable);
  await thread.close();
});

test('a database that cannot be opened is told with its reason', async () => {
  const opening = openSqliteThread({
    module,
    workerData: { path: '/no-such-folder/notes.sqlite', gates: new Int32Array(2) },
    waitingMax: 1,
    deadlineMs: 1_000,
    failureCode: 'store-unavailable',
  });
  await assert.rejects(opening, /directory does not exist/);
});
