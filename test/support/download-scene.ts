/** A front door with a folder of clients' files, and the programs that people download with. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';

import type { TestContext } from 'node:test';
import { makeDataDir, startFrontDoor, until } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';

export function vsixOf(version: string): string {
  return `vscode/codetogether-onpremises-${version}.vsix`;
}

export const vsix = vsixOf('2.0.0-b00405');
const runMaxMs = 60_000;
/** So long ago that a file has its version. */
const writtenAt = new Date('2026-01-02T03:04:05Z');

export interface DownloadScene {
  readonly door: FrontDoor;
  readonly folder: string;
  readonly url: string;
  readonly secureUrl: string;
}

export async function openDownloads(
  t: TestContext,
  settings: Record<string, string> = {},
): Promise<DownloadScene> {
  const folder = makeDataDir(t);
  const tls = { CT_SELF_SIGNED: 'yes', CT_CLIENTS_DIR: folder };
  const door = await startFrontDoor(t, { settings: { ...tls, ...settings } });
  const secureUrl = `https://127.0.0.1:${door.httpsPort}/clients`;
  return { door, folder, url: `http://${door.host}/clients`, secureUrl };
}

/** Random bytes, that nothing makes smaller, as a file of the folder that was written long ago. */
export function addFile(folder: string, name: string, bytes: number): Buffer {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  const content = randomBytes(bytes);
  writeFileSync(path, content);
  utimesSync(path, writtenAt, writtenAt);
  return content;
}

/** A program of the machine, run to its end; its exit code is not judged. */
export async function runProgram(
  t: TestContext,
  name: string,
  args: readonly string[],
): Promise<{ code: number; stdout: string }> {
  if (!existsSync(`/usr/bin/${name}`))
    throw new Error(`${name} is needed for this test; as root: apt-get install -y ${name}`);
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string }>();
  const child = execFile(
    name,
    [...args],
    { timeout: runMaxMs, env: { PATH: process.env['PATH'] } },
    (error, stdout) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout }),
  );
  t.after(() => child.kill('SIGKILL'));
  return await promise;
}

/** Of a client and version, as `vscode 1.2.3`; a client may have its file before the front door has counted it. */
export async function countIs(door: FrontDoor, name: string, expected: number): Promise<void> {
  const settled = async (): Promise<boolean> => ((await downloadCounts(door))[name] ?? 0) === expected;
  await until(settled, `downloads of ${name} are ${expected}`);
}

/** None was counted. */
export async function nothingCounts(door: FrontDoor): Promise<void> {
  assert.deepEqual(await downloadCounts(door), {});
}

async function downloadCounts(door: FrontDoor): Promise<Record<string, number>> {
  const text = await (await fetch(`${door.adminUrl}/metrics`)).text();
  const found = text.matchAll(/^ct_pool_client_downloads_total\{client="(.*?)",version="(.*?)"\} (\d+)/gm);
  return Object.fromEntries(
    [...found].map(([, client, version, count]) => [`${client} ${version}`, Number(count)]),
  );
}
