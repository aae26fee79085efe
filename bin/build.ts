/**
 * Builds the program in one piece out of some 900 modules, ours and those of packages, which takes a third of the time until a
 * process of it does its work. `npm ci` runs it, and `npm start` and `npm test` where a source has changed since; `mooring.js` runs what is built only
 * while it is what the sources say. Without the package that it needs (an installation without development packages) the sources run.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { OnLoadResult, OutputFile, Plugin } from 'esbuild';
import { writeWhole } from '#shared/write-whole.ts';
import { findFreshProgram, programList, stampOf } from './fresh-program.js';

const root = join(import.meta.dirname, '..');
const folder = dirname(programList);
/** Where esbuild thinks that it writes to: as deep as each build. */
const anyBuild = join(folder, 'any');
/** With files of their own beside their code. */
const leftOutside = [
  'better-sqlite3',
  'bufferutil',
  'esbuild',
  'hot-shots',
  'msgpackr-extract',
  'pg-native',
  'utf-8-validate',
];
/** Threads begin in modules of their own. */
const threadPattern = /new URL\('\.\/([a-z-]+-worker)\.ts', import\.meta\.url\)/g;
/** Processes that still run may load parts of older ones. */
const keptBuilds = 10;

/** Builds what is not there already, of the same sources. */
export async function ensureProgram(): Promise<void> {
  if (findFreshProgram() === undefined) await buildProgram();
}

async function buildProgram(): Promise<void> {
  const { build } = await import('esbuild');
  // Before anything is read: what changes while it is built is then known to have changed. Packages change as a whole, with npm's list.
  const others = ['package.json', 'node_modules/.package-lock.json'].map((name) => join(root, name));
  const stamps: Stamps = new Map([...others, import.meta.filename].map((path) => [path, stampOf(path)]));
  const { outputFiles } = await build({
    entryPoints: [join(root, 'cli', 'main.ts'), ...findThreads()],
    entryNames: '[name]',
    outdir: anyBuild,
    write: false,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // As Node itself resolves: no condition besides its own.
    conditions: [],
    external: leftOutside,
    // Of packages in CommonJS.
    banner: {
      js: `import { createRequire as $createRequire } from 'node:module';\nconst require = $createRequire(import.meta.url);`,
    },
    plugins: [ownPlaces(stamps)],
    absWorkingDir: root,
    legalComments: 'none',
    logLevel: 'error',
  });
  writeProgram(outputFiles, stamps);
}

/** Of sources, by their paths, as `findFreshProgram` compares them. */
type Stamps = Map<string, string | undefined>;

function writeProgram(outputFiles: readonly OutputFile[], stamps: Stamps): void {
  const hash = createHash('sha256');
  for (const { path, contents } of outputFiles) hash.update(path).update(contents);
  const name = hash.digest('hex').slice(0, 16);
  mkdirSync(join(folder, name), { recursive: true });
  for (const { path, contents } of outputFiles)
    writeWhole(join(folder, name, relative(anyBuild, path)), contents);
  const sources = Object.fromEntries([...stamps].map(([path, stamp]) => [relative(folder, path), stamp]));
  // It comes last: whoever reads it finds what it names, also while two build at once.
  writeWhole(programList, JSON.stringify({ main: `${name}/main.js`, sources }));
  dropOld();
}

function dropOld(): void {
  const builds = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const byAge = builds
    .map(({ name }) => join(folder, name))
    .toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const path of byAge.slice(keptBuilds)) rmSync(path, { recursive: true, force: true });
}

/** Modules in which threads begin. */
function findThreads(): string[] {
  const found: string[] = [];
  for (const side of ['proxy', 'edge', 'shared'])
    for (const path of readdirSync(join(root, side), { recursive: true, encoding: 'utf8' }))
      if (path.endsWith('-worker.ts')) found.push(join(root, side, path));
  return found;
}

/** What our own sources know of where they are: from their build they find the same files. */
const ownPlaces = (stamps: Stamps): Plugin => ({
  name: 'own places',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, ({ path }): OnLoadResult | undefined => {
      if (path.includes('/node_modules/')) return undefined;
      stamps.set(path, stampOf(path));
      const place = relative(anyBuild, path);
      const join = `process.getBuiltinModule('node:path').join`;
      const contents = readFileSync(path, 'utf8')
        .replace(threadPattern, `new URL('./$1.js', import.meta['url'])`)
        .replaceAll('import.meta.url', `new URL('${place}', import.meta['url']).href`)
        .replaceAll('import.meta.dirname', `${join}(import.meta['dirname'], '${dirname(place)}')`);
      return { contents, loader: 'ts' };
    });
  },
});

if (process.argv[1] === import.meta.filename) {
  try {
    await ensureProgram();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    process.stderr.write('The program is not built, its sources run: esbuild is not installed.\n');
  }
}
