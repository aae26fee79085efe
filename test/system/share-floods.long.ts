/** Guests who ask the host of a shared folder for more than its line carries. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { openPool } from '../support/pool.ts';
import { enterEditor, makeFolder, shareFolder } from '../support/share-host.ts';
import type { ShareProcess } from '../support/share-host.ts';

const { pool, close } = openPool();
before(async () => await pool.waitUntilReady());
after(close);

const fileBytes = 6_000_000;
const questions = 24;
/** All answers at once are 144 MB, before they are sealed and written as base64. */
const growthMaxBytes = 400_000_000;

/** Peak of the memory that is not shared with a file. */
function peakBytes({ pid }: ShareProcess): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kibibytes) * 1_024;
}

test('a guest who asks for a large file over and over does not fill the host’s memory, and others are served', async (t) => {
  const folder = makeFolder(t, { 'large.bin': randomBytes(fileBytes), 'small.txt': 'small' });
  const { host, key } = await shareFolder(t, pool.url, { folder });
  const [greedy, modest] = [await enterEditor(t, pool.url, key), await enterEditor(t, pool.url, key)];
  const before = peakBytes(host);
  const asked = Array.from({ length: questions }, async () => {
    const { content } = await greedy.member.connection.fs.readFile(greedy.hostId, 'project/large.bin');
    return content.length;
  });
  const { content } = await modest.member.connection.fs.readFile(modest.hostId, 'project/small.txt');
  assert.equal(new TextDecoder().decode(content), 'small');
  const outcomes = await Promise.allSettled(asked);
  const growth = peakBytes(host) - before;
  t.diagnostic(
    `${outcomes.filter(({ status }) => status === 'fulfilled').length} answered, ${growth} bytes more`,
  );
  assert.ok(growth < growthMaxBytes, `${growth} bytes`);
  assert.equal(await host.stop(), 0, host.errors);
});
