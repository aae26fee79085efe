/** How a database is opened by several at once, as the edges of a host open theirs when they start together. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

const openers = 4;
const files = 60;

test('who opens one new file at once with others gets it, as they do', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-opening-'));
  const program = new URL('../../test/support/opening-thread.ts', import.meta.url);
  const threads = Array.from({ length: openers }, () => new Worker(program));
  t.after(async () => {
    await Promise.all(threads.map(async (thread) => await thread.terminate()));
    rmSync(folder, { recursive: true });
  });
  const said: unknown[] = [];
  for (let i = 0; i < files; i++) {
    const answers = threads.map(async (thread) => (await once(thread, 'message'))[0] as unknown);
    for (const thread of threads) thread.postMessage(join(folder, `${i}.sqlite`));
    said.push(...(await Promise.all(answers)));
  }
  assert.deepEqual(
    said,
    Array.from({ length: openers * files }, () => 'open'),
  );
});
