/** How much of a folder is looked at for the newest clients, and how often. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { NewestClients } from './newest-clients.ts';

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-newest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function addClient(folder: string, at: string, version: string): void {
  mkdirSync(join(folder, at), { recursive: true });
  writeFileSync(join(folder, at, `mooring-cli-${version}.zip`), 'content');
}

test('however long a look at the folder takes, nobody looks a second time meanwhile', async (t) => {
  const folder = makeFolder(t);
  addClient(folder, 'cli', '1.0.0');
  let now = 0;
  const clients = new NewestClients(() => (now += 60_000));
  const [first, second] = await Promise.all([clients.look(folder), clients.look(folder)]);
  assert.equal(first, second);
  assert.equal(first.newest.get('cli')?.version, '1.0.0');
  addClient(folder, 'cli', '1.1.0');
  assert.equal((await clients.look(folder)).newest.get('cli')?.version, '1.1.0');
});

test('of folders without end the first 64 are looked into', async (t) => {
  const folder = makeFolder(t);
  for (let i = 1; i <= 70; i++) addClient(folder, `of-${i}`, `1.${i}.0`);
  const { newest } = await new NewestClients(() => 0).look(folder);
  assert.equal(newest.get('cli')?.version, '1.64.0');
});
