/** Log files without a wire: how many of them are sent at once, and what is said where they cannot be read. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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
  readonly folder: string;
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
  return { begin, folder };
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

test('a file that cannot be read is not left out of the list or the archive: whoever asks is told', async (t) => {
  const { begin, folder } = openScene(t);
  writeFileSync(join(folder, 'download-metrics.csv'), 'day,client\n');
  const isUnreadable = (error: unknown): boolean =>
    error instanceof AppError && error.code === 'downloads-unavailable';
  const held = holdDescriptors();
  try {
    for (const path of ['/logs/', '/logs/metrics.tar.gz'])
      await assert.rejects(begin('GET', path), isUnreadable);
    // Enough for the first of the two files.
    closeSync(held.pop()!);
    await assert.rejects(begin('GET', '/logs/metrics.tar.gz'), isUnreadable);
    held.push(openSync('/dev/null', 'r'));
  } finally {
    held.forEach((descriptor) => closeSync(descriptor));
    limitDescriptors('hard');
  }
  const { pieces } = await begin('GET', '/logs/metrics.tar.gz');
  assert.ok((await buffer(pieces)).length > 0);
});

/** All that this process may have. */
function holdDescriptors(): number[] {
  const some = 100;
  limitDescriptors(Math.max(...readdirSync('/proc/self/fd').map(Number)) + some);
  const held: number[] = [];
  try {
    for (;;) held.push(openSync('/dev/null', 'r'));
  } catch {
    return held;
  }
}

/** Of this process: getrlimit(2). */
function limitDescriptors(soft: number | 'hard'): void {
  const [, hard] = /^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))!;
  const limit = `--nofile=${soft === 'hard' ? hard : soft}:${hard}`;
  execFileSync('prlimit', ['--pid', String(process.pid), limit]);
}
