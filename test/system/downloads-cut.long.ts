/** Downloads that do not come to their end: files that change under them, clients that leave or take nothing. */
import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addFile, nothingCounts, openDownloads, runProgram, vsix } from '../support/download-scene.ts';
import { makeDataDir, until } from '../support/front-door.ts';
import {
  http2Download,
  openFiles,
  plainDownload,
  residentBytes,
  secureDownload,
} from '../support/stuck-download.ts';

test('a file that shrinks or changes while it is sent is never taken for a whole one', async (t) => {
  const { door, folder, url, secureUrl } = await openDownloads(t);
  const size = 20_000_000;
  for (const [at, change] of [
    [url, 'shrink'],
    [url, 'rewrite'],
    [secureUrl, 'shrink'],
    [secureUrl, 'rewrite'],
  ] as const) {
    addFile(folder, vsix, size);
    const got = join(makeDataDir(t), 'got');
    // Slow enough that it is under way when the file changes.
    const running = runProgram(t, 'curl', ['-sfk', '--limit-rate', '40M', '-o', got, `${at}/${vsix}`]);
    await until(async () => sizeOf(got) > 0, 'it is under way');
    if (change === 'shrink') truncateSync(join(folder, vsix), 1_000);
    else writeFileSync(join(folder, vsix), Buffer.alloc(size, 'x'), { flag: 'r+' });
    const { code } = await running;
    assert.notEqual(code, 0, `${change} at ${at}`);
    assert.ok(readFileSync(got).length < size);
  }
  await nothingCounts({ door, folder });
  assert.equal(await door.metric('ct_proxy_rejected_total{code="file-changed"}'), 4);
});

function sizeOf(path: string): number {
  try {
    return readFileSync(path).length;
  } catch {
    return 0;
  }
}

test('clients that leave in the middle, or take nothing, keep no file open and no part of it in memory', async (t) => {
  const { door, folder } = await openDownloads(t);
  const size = 60_000_000;
  addFile(folder, vsix, size);
  // Of no client, so that it does not count.
  addFile(folder, 'other', size);
  const path = `/clients/${vsix}`;
  const clients = 20;
  for (const open of [plainDownload, secureDownload, http2Download]) {
    const port = open === plainDownload ? door.port : door.httpsPort;
    const leave = await Promise.all(Array.from({ length: clients }, async () => await open(port, path)));
    assert.equal(openFiles(door.pid, vsix), clients);
    // In the time that one who takes it has a whole file, those who do not take get nothing more either.
    const taken = await fetch(`http://${door.host}/clients/other`);
    assert.equal((await taken.arrayBuffer()).byteLength, size);
    // What one socket may hold, twenty times, and not twenty files.
    await until(async () => residentBytes(door.pid) < 500_000_000, 'memory is small');
    for (const end of leave) end();
    await until(async () => openFiles(door.pid, vsix) === 0, 'every file is closed');
  }
  await nothingCounts({ door, folder });
});
