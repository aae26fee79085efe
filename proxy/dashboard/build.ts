/**
 * Builds the dashboard and the session page for browsers, into folders that git ignores, where they are not there yet: `npm ci` runs
 * it, and where scripts of installations are off `npm start` does. Without the packages that it needs (an installation without development packages) it
 * says so and is no failure: the images bring their own.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { builtFolder, builtSessionPage } from './built-folder.ts';

interface Target {
  readonly web: string;
  readonly built: string;
  /** What goes into it from elsewhere, so that a change there builds it anew. */
  readonly alsoFrom: readonly string[];
  readonly packages: RegExp;
}

const proxyFolder = join(import.meta.dirname, '..');
const targets: readonly Target[] = [
  {
    web: join(import.meta.dirname, 'web'),
    built: builtFolder,
    alsoFrom: [join(import.meta.dirname, 'live', 'picture.ts')],
    packages: /^(esbuild|preact|uplot)$/,
  },
  {
    web: join(proxyFolder, 'session-page', 'web'),
    built: builtSessionPage,
    alsoFrom: [],
    packages:
      /^(esbuild|preact|yjs|lib0|y-protocols|y-codemirror\.next|open-collaboration-(protocol|yjs)|socket\.io-client|@(codemirror|lezer)\/.*)$/,
  },
];
const sourcesName = 'sources';

/** Builds what is not there already, of the same sources. */
export async function ensureBuilt(): Promise<void> {
  for (const target of targets)
    if (readIfThere(join(target.built, sourcesName)) !== hashSources(target)) await buildPage(target);
}

async function buildPage(target: Target): Promise<void> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(target.web, 'main.tsx'), join(target.web, 'main.css')],
    outdir: '/assets',
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'error',
  });
  const assets = outputFiles.map(({ path, contents }) => ({ name: `assets/${basename(path)}`, contents }));
  const find = (ending: string): string => assets.find(({ name }) => name.endsWith(ending))!.name;
  const page = readFileSync(join(target.web, 'index.html'), 'utf8')
    .replace('main.css', find('.css'))
    .replace('main.js', find('.js'));
  writeAll(target, [...assets, { name: 'index.html', contents: Buffer.from(page) }]);
}

/** Whoever serves from the folder sees all of the old files, or all of the new ones. */
function writeAll(target: Target, files: readonly { name: string; contents: Uint8Array }[]): void {
  const draft = mkdtempSync(`${target.built}-`);
  chmodSync(draft, 0o755);
  mkdirSync(join(draft, 'assets'));
  for (const { name, contents } of files) {
    writeFileSync(join(draft, name), contents);
    writeFileSync(join(draft, `${name}.gz`), gzipSync(contents, { level: 9 }));
    const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
    writeFileSync(join(draft, `${name}.br`), brotliCompressSync(contents, { params }));
  }
  writeFileSync(join(draft, sourcesName), hashSources(target));
  const old = `${draft}-old`;
  try {
    renameSync(target.built, old);
  } catch {
    // There was none.
  }
  renameSync(draft, target.built);
  rmSync(old, { recursive: true, force: true });
}

function hashSources({ web, alsoFrom, packages }: Target): string {
  const hash = createHash('sha256');
  for (const [name, version] of installedVersions(packages)) hash.update(`${name} ${version}`);
  for (const path of [import.meta.filename, ...alsoFrom]) hash.update(readFileSync(path));
  for (const name of readdirSync(web, { recursive: true, encoding: 'utf8' }).toSorted())
    if (/\.(tsx?|css|html)$/.test(name)) hash.update(name).update(readFileSync(join(web, name)));
  return hash.digest('hex');
}

/** As npm installed them, from its own list. */
function installedVersions(wanted: RegExp): (readonly [string, string])[] {
  const modules = createRequire(import.meta.url)
    .resolve('esbuild')
    .replace(/(.*\/node_modules\/).*/, '$1');
  const { packages } = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string }>;
  };
  return Object.entries(packages)
    .map(([path, { version = '' }]) => [path.replace('node_modules/', ''), version] as const)
    .filter(([name]) => wanted.test(name));
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

if (process.argv[1] === import.meta.filename) {
  try {
    await ensureBuilt();
  } catch (error) {
    if (!['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error;
    process.stderr.write(
      'The pages for browsers are not built: their packages are not installed (npm ci, then npm run build:dashboard).\n',
    );
  }
}
