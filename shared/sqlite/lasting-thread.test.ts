/** A database thread that dies is started again; until then calls fail at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../test/support/oct-inbox.ts';
import type { NoteOperations } from '../../test/support/note-thread.ts';
import { temporaryStorePath } from '../../test/support/y-edge.ts';
import { openLastingThread } from './lasting-thread.ts';
import { openSqliteThread } from './thread.ts';

const unavailable = { code: 'store-unavailable' };

test('when the thread dies calls fail, and the next ones find another thread', async (t) => {
  const path = await temporaryStorePath(t);
  let isBroken = false;
  let opened = 0;
  let nowMs = 0;
  const thread = await openLastingThread<NoteOperations>({
    open: async () => {
      opened++;
      if (isBroken) throw new Error('no file');
      return await openSqliteThread({
        module: new URL('../../test/support/note-thread.ts', import.meta.url),
        workerData: { path, gates: new Int32Array(new SharedArrayBuffer(8)) },
        waitingMax: 10,
        deadlineMs: 30_000,
        failureCode: 'store-unavailable',
      });
    },
    nowMs: () => nowMs,
  });
  t.after(async () => await thread.close());
  await thread.call('add', 'before');
  isBroken = true;
  await assert.rejects(thread.call('end', undefined), unavailable);
  for (let i = 0; i < 3; i++) await assert.rejects(thread.call('list', undefined), unavailable);
  assert.equal(opened, 2, 'one that cannot be opened is not tried with each call');
  isBroken = false;
  nowMs += 1_000;
  await eventually(
    async () => (await thread.call('list', undefined).catch(() => [])).length === 1,
    'another thread answers',
  );
  assert.deepEqual(await thread.call('add', 'after'), 'after');
});
