/**
 * Builds the dashboard and the session page for browsers, into folders that git ignores, where they are not there yet: `npm ci` runs
 * it, and where scripts of installations are off `npm start` does. Without the packages that it needs (an installation without development packages) it
 * says so and is no failure: the images bring their own.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { writeWhole } from '#shared/write-whole.ts';
import { builtFolder, builtSessionPage } from './built-folder.ts';

interface Target {
  readonly web: string;
  readonly built: string;
  /** What goes into it from elsewhere, so that a change there builds it anew. */
  readonly alsoFrom: readonly string[];
  readonly packages: RegExp;
}

const proxyFolder = join(import.meta.dirname, '..');
export const targets: readonly Target[] = [
  {
    web: join(import.meta.dirname, 'web'),
    built: builtFolder,
    alsoFrom: [join(import.meta.dirname, 'live', 'picture.ts')],
    packages: /^(esbuild|preact|uplot)$/,
  },
  {
    web: join(proxyFolder, 'session-page', 'web'),
    built: builtSessionPage,
    alsoFrom: ['base.css', 'notices.tsx'].map((name) => join(import.meta.dirname, 'web', name)),
    packages:
      /^(esbuild|preact|yjs|lib0|y-protocols|y-codemirror\.next|open-collaboration-(protocol|yjs)|socket\.io-client|@(codemirror|lezer)\/.*)$/,
  },
];
/** Somebody else may be building of other sources, or reading what was built before. */
const keepMs = 3_600_000;

/** Builds what is not there already, of the same sources. */
export async function ensureBuilt(wanted = targets): Promise<void> {
  for (const target of wanted) {
    const hash = hashSources(target);
    const page = readIfThere(join(target.built, 'index.html'));
    if (!page.includes(`content="${hash}"`)) await buildPage(target, hash);
  }
}

async function buildPage(target: Target, hash: string): Promise<void> {
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
    .replace('main.js', find('.js'))
    .replace('<head>', `<head>\n    <meta name="sources" content="${hash}" />`);
  mkdirSync(join(target.built, 'assets'), { recursive: true });
  // The page comes last: whoever sees it finds what it names, also while two build at once.
  const files = [...assets, { name: 'index.html', contents: Buffer.from(page) }];
  for (const { name, contents } of files) writeCompressed(join(target.built, name), contents);
  dropOld(
    target.built,
    files.map(({ name }) => name),
  );
}

function writeCompressed(path: string, contents: Uint8Array): void {
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  writeWhole(`${path}.gz`, gzipSync(contents, { level: 9 }));
  writeWhole(`${path}.br`, brotliCompressSync(contents, { params }));
  writeWhole(path, contents);
}

function dropOld(folder: string, names: readonly string[]): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (names.some((kept) => name.startsWith(kept) && !name.endsWith('.draft'))) continue;
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isFile() && Date.now() - found.mtimeMs > keepMs) rmSync(path, { force: true });
  }
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
