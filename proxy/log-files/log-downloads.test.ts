/** Log files without a wire: how many of them are sent at once. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { AppError } from '#shared/errors.ts';
import type { LocalRequest } from '../local-answer.ts';
import { isPiecewise } from '../wire/answer-body.ts';
import type { PiecewiseBody } from '../wire/answer-body.ts';
import { LogDownloads } from './log-downloads.ts';

interface Scene {
  readonly begin: (method: string, path: string) => Promise<PiecewiseBody>;
}

function openScene(t: TestContext): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-log-files-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'usage.log'), 'content');
  writeFileSync(join(folder, 'session-metrics.csv'), 'begun,ended\n');
  const downloads = new LogDownloads({ CT_LOG_DIR: folder });
  const viewer = { role: 'admin' } as Parameters<typeof downloads.answer>[0];
  const begin = async (method: string, path: string): Promise<PiecewiseBody> => {
    const request = { method, path, headers: [], signal: new AbortController().signal };
    const { body } = await downloads.answer(viewer, request as unknown as LocalRequest);
    return isPiecewise(body) ? body : { pieces: (async function* () {})() };
  };
  return { begin };
}

test('no more than 32 log files are sent at once, however many are asked for together; each that ends makes room', async (t) => {
  const { begin } = openScene(t);
  for (let i = 0; i < 40; i++) {
    await begin('HEAD', '/logs/usage.log');
    await begin('HEAD', '/logs/metrics.tar.gz');
    await assert.rejects(begin('GET', '/logs/none.log'));
  }
  const paths = Array.from({ length: 34 }, (_, i) =>
    i % 2 === 0 ? '/logs/usage.log' : '/logs/metrics.tar.gz',
  );
  const begun = await Promise.allSettled(paths.map(async (path) => await begin('GET', path)));
  const open = begun.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  assert.equal(open.length, 32);
  const isBusy = (error: unknown): boolean => error instanceof AppError && error.code === 'downloads-busy';
  await assert.rejects(begin('GET', '/logs/usage.log'), isBusy);
  for (const { pieces } of open) assert.ok((await buffer(pieces)).length > 0);
  const { pieces } = await begin('GET', '/logs/usage.log');
  assert.equal(String(await buffer(pieces)), 'content');
});
