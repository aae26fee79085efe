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

type Counting = Pick<DownloadScene, 'door' | 'folder'>;

/** Of a client and version, as `vscode 1.2.3`: so often once all that has come to its end is counted, and no more often. */
export async function countIs(scene: Counting, name: string, expected: number): Promise<void> {
  const counts = await countsSince(scene, (known) => (known[name] ?? 0) >= expected);
  assert.equal(counts[name] ?? 0, expected, `downloads of ${name}`);
}

/** None was counted. */
export async function nothingCounts(scene: Counting): Promise<void> {
  assert.deepEqual(await countsSince(scene, () => true), {});
}

let lookouts = 0;

/** As they are when a download that began after all others is counted, for a client has its file before that. */
async function countsSince(
  { door, folder }: Counting,
  isEnough: (counts: Record<string, number>) => boolean,
): Promise<Record<string, number>> {
  const version = `0.0.${++lookouts}`;
  const file = `cli/lookout-${version}.zip`;
  addFile(folder, file, 10);
  const answer = await fetch(`http://${door.host}/clients/${file}`);
  assert.equal((await answer.arrayBuffer()).byteLength, 10);
  let counts: Record<string, number> = {};
  const isCounted = async (): Promise<boolean> => {
    counts = await downloadCounts(door);
    return counts[`cli ${version}`] === 1 && isEnough(counts);
  };
  await until(isCounted, `the download of ${file} and those before it are counted`);
  return Object.fromEntries(Object.entries(counts).filter(([name]) => !name.startsWith('cli 0.0.')));
}

async function downloadCounts(door: FrontDoor): Promise<Record<string, number>> {
  const text = await (await fetch(`${door.adminUrl}/metrics`)).text();
  const found = text.matchAll(/^ct_pool_client_downloads_total\{client="(.*?)",version="(.*?)"\} (\d+)/gm);
  return Object.fromEntries(
    [...found].map(([, client, version, count]) => [`${client} ${version}`, Number(count)]),
  );
}
