/** Building the pages: whoever else builds or reads at the same time, what there is of them is whole. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { BuiltPages } from './built-pages.ts';

test('processes that build at once leave one whole dashboard, and none fails; what is of other sources is built anew', async (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'mooring-built-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const folder = join(parent, 'new', 'built');
  const builder = `import { ensureBuilt, targets } from ${JSON.stringify(join(import.meta.dirname, 'build.ts'))}; await ensureBuilt([{ ...targets[0], built: process.argv[1] }])`;
  const build = async (): Promise<unknown> =>
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', builder, folder]);
  await Promise.all([build(), build(), build()]);
  assert.ok(new BuiltPages(folder).isBuilt);
  const page = (): string => readFileSync(join(folder, 'index.html'), 'utf8');
  const built = page();
  const named = [...built.matchAll(/\/dashboard\/(assets\/[^"]+)/g)].map(([, name]) => name!);
  assert.equal(named.length, 2);
  const there = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const name of [...named, 'index.html'])
    for (const end of ['', '.gz', '.br']) assert.ok(there.includes(name + end), name + end);
  assert.ok(!there.some((name) => name.endsWith('.draft')));
  writeFileSync(join(folder, 'index.html'), built.replace(/content="[0-9a-f]{64}"/, 'content="other"'));
  await build();
  assert.equal(page(), built);
});
