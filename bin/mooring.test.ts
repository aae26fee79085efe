/** The command keeps what Node has made of its sources, and does without where it may not. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { version } from '#shared/version.ts';

const command = fileURLToPath(new URL('mooring.js', import.meta.url));

/** What it says on both of its outputs. */
function tellVersion(folder: string): string {
  const env = { ...process.env, NODE_COMPILE_CACHE: folder };
  return execFileSync('sh', ['-c', '"$0" "$@" 2>&1', process.execPath, command, '--version'], {
    env,
    encoding: 'utf8',
  });
}

test('what was compiled is kept where NODE_COMPILE_CACHE says', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-compiled-'));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.equal(tellVersion(folder), `${version}\n`);
  const kept = readdirSync(folder, { recursive: true }).length;
  assert.ok(kept > 5, `${kept} files`);
  assert.equal(tellVersion(folder), `${version}\n`);
  assert.equal(readdirSync(folder, { recursive: true }).length, kept);
});

test('a folder that cannot be written is done without, in silence', () => {
  assert.equal(tellVersion('/dev/null/compiled'), `${version}\n`);
});
