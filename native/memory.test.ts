/** What V8 keeps of pages that it has emptied goes back to the system when it is told so, and not before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../test/support/oct-inbox.ts';
import { loadNativeSockets } from './binding.ts';

const mib = 1_048_576;
const objects = 400_000;

test('spare pages of V8 go back to the system', async () => {
  const native = loadNativeSockets();
  assert.ok(native);
  const before = process.memoryUsage.rss();
  let kept: unknown[] | undefined = Array.from({ length: objects }, (_, i) => ({ i, all: [i, i + 1] }));
  const full = process.memoryUsage.rss();
  assert.ok(full - before > 32 * mib, `the objects of this test take ${full - before} bytes`);
  assert.equal(kept.length, objects);
  kept = undefined;

  native.collectMemory();

  const isGivenBack = (): boolean => process.memoryUsage.rss() - before < (full - before) / 2;
  await eventually(isGivenBack, 'half of what was taken is given back');
  native.releaseMemory();
});
