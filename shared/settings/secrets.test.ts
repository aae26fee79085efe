/** Secrets made on first use: kept, private, and the same for all who ask at once. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { ensureSecret } from './secrets.ts';

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-secrets-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a secret is made once, then read; each name has its own', (t) => {
  const folder = join(makeFolder(t), 'data');
  const secret = ensureSecret(folder, 'session');
  assert.equal(ensureSecret(folder, 'session'), secret);
  assert.notEqual(ensureSecret(folder, 'admin'), secret);
  assert.equal(Buffer.from(secret, 'base64url').length, 32);
});

test('nobody but the owner may read secret or folder, and no draft is left', (t) => {
  const folder = join(makeFolder(t), 'data');
  ensureSecret(folder, 'session');
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, 'session.secret')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['session.secret']);
});

test('a secret that an administrator wrote is used as it is, without the line break', (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, 'session.secret'), 'written-by-a-person\n');
  assert.equal(ensureSecret(folder, 'session'), 'written-by-a-person');
});

test('a file without a secret in it is refused and named', (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, 'session.secret'), '');
  assert.throws(() => ensureSecret(folder, 'session'), /session\.secret holds no secret/);
});

test('processes that ask at the same time get the same secret', async (t) => {
  const folder = makeFolder(t);
  const module = new URL('./secrets.ts', import.meta.url).href;
  const script = `import { ensureSecret } from ${JSON.stringify(module)};
    process.stdout.write(ensureSecret(${JSON.stringify(folder)}, 'session'));`;
  const run = promisify(execFile);
  const asked = Array.from(
    { length: 4 },
    async () => await run(process.execPath, ['--input-type=module', '--eval', script], { timeout: 30_000 }),
  );
  const secrets = (await Promise.all(asked)).map(({ stdout }) => stdout);
  assert.deepEqual(new Set(secrets), new Set([readFileSync(join(folder, 'session.secret'), 'utf8')]));
});

test('who asks at the same time under one process id, as containers do, gets the same secret', async (t) => {
  const folder = makeFolder(t);
  const module = new URL('./secrets.ts', import.meta.url).href;
  // All wait until the last one is there, so that their writes overlap.
  const script = `const { parentPort, workerData } = require('node:worker_threads');
    import(${JSON.stringify(module)}).then(({ ensureSecret }) => {
      Atomics.add(workerData, 0, 1);
      const deadline = Date.now() + 10_000;
      while (Atomics.load(workerData, 0) < 4 && Date.now() < deadline);
      parentPort.postMessage(ensureSecret(${JSON.stringify(folder)}, 'session'));
    });`;
  const arrived = new Int32Array(new SharedArrayBuffer(4));
  const asked = Array.from({ length: 4 }, async () => {
    const [secret] = (await once(new Worker(script, { eval: true, workerData: arrived }), 'message')) as [
      string,
    ];
    return secret;
  });
  const secrets = await Promise.all(asked);
  assert.deepEqual(new Set(secrets), new Set([readFileSync(join(folder, 'session.secret'), 'utf8')]));
  assert.deepEqual(readdirSync(folder), ['session.secret']);
});
