/** The front door's downloads without a wire: how many files are open at once, and what is counted of them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { AppError } from '#shared/errors.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { Download } from '../history/history.ts';
import type { LocalRequest } from '../local-answer.ts';
import { isPiecewise } from '../wire/answer-body.ts';
import type { PiecewiseBody } from '../wire/answer-body.ts';
import { openDownloads } from './open-downloads.ts';

interface Scene {
  readonly folder: string;
  readonly counted: Download[];
  readonly begin: (path: string) => Promise<PiecewiseBody>;
}

function openScene(t: TestContext): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-downloads-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'cli'));
  const counted: Download[] = [];
  const settings = { CT_CLIENTS_DIR: folder, CT_NOCLIENTS: 'false', CT_SERVER_URL: '' } as Settings;
  const history = { countDownload: (download: Download) => void counted.push(download) };
  const downloads = openDownloads({ settings, history, banner: () => undefined });
  const begin = async (path: string): Promise<PiecewiseBody> => {
    const { body } = await downloads.answer(requestOf(path));
    assert.ok(isPiecewise(body));
    return body;
  };
  return { folder, counted, begin };
}

function requestOf(path: string): LocalRequest {
  return {
    method: 'GET',
    path,
    query: '',
    host: 'localhost',
    target: path,
    headers: [],
    secure: false,
    client: '192.0.2.1',
    isRelayed: false,
    readBody: () => Promise.resolve(''),
    signal: new AbortController().signal,
  };
}

async function takeAll({ pieces }: PiecewiseBody): Promise<number> {
  let bytes = 0;
  for await (const piece of pieces) bytes += piece.length;
  return bytes;
}

test('no more than 512 files are sent at once; each that ends makes room for another', async (t) => {
  const { folder, begin } = openScene(t);
  writeFileSync(join(folder, 'cli/mooring-cli-1.0.0.zip'), 'content');
  const path = '/clients/cli/mooring-cli-1.0.0.zip';
  const open: PiecewiseBody[] = [];
  for (let i = 0; i < 512; i++) open.push(await begin(path));
  const isBusy = (error: unknown): boolean => error instanceof AppError && error.code === 'downloads-busy';
  await assert.rejects(begin(path), isBusy);
  assert.equal(await takeAll(open.pop()!), 7);
  open.push(await begin(path));
  await assert.rejects(begin(path), isBusy);
  for (const body of open) await takeAll(body);
});

test('however many versions there are, each is told as it is', async (t) => {
  const { folder, counted, begin } = openScene(t);
  for (let i = 0; i < 110; i++) {
    writeFileSync(join(folder, `cli/mooring-cli-1.0.${i}.zip`), 'content');
    await takeAll(await begin(`/clients/cli/mooring-cli-1.0.${i}.zip`));
  }
  assert.equal(new Set(counted.map(({ version }) => version)).size, 110);
  await takeAll(await begin('/clients/cli/mooring-cli-1.0.0.zip'));
  assert.deepEqual(counted.at(-1), {
    client: 'cli',
    version: '1.0.0',
    file: 'cli/mooring-cli-1.0.0.zip',
    bytes: 7,
    address: '192.0.2.1',
  });
});
