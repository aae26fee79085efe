/**
 * Builds the dashboard for browsers, into a folder that git ignores, where it is not there yet: `npm ci` runs it, and where scripts
 * of installations are off `npm start` does. Without the packages that it needs (an installation without development packages) it
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
import { builtFolder } from './built-folder.ts';

const webFolder = join(import.meta.dirname, 'web');
const sourcesName = 'sources';

/** Builds it unless it is there already, of the same sources. */
export async function ensureBuilt(): Promise<void> {
  if (readIfThere(join(builtFolder, sourcesName)) !== hashSources()) await buildDashboard();
}

async function buildDashboard(): Promise<void> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(webFolder, 'main.tsx'), join(webFolder, 'main.css')],
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
  const page = readFileSync(join(webFolder, 'index.html'), 'utf8')
    .replace('main.css', find('.css'))
    .replace('main.js', find('.js'));
  writeAll([...assets, { name: 'index.html', contents: Buffer.from(page) }]);
}

/** Whoever serves from the folder sees all of the old files, or all of the new ones. */
function writeAll(files: readonly { name: string; contents: Uint8Array }[]): void {
  const draft = mkdtempSync(`${builtFolder}-`);
  chmodSync(draft, 0o755);
  mkdirSync(join(draft, 'assets'));
  for (const { name, contents } of files) {
    writeFileSync(join(draft, name), contents);
    writeFileSync(join(draft, `${name}.gz`), gzipSync(contents, { level: 9 }));
    const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
    writeFileSync(join(draft, `${name}.br`), brotliCompressSync(contents, { params }));
  }
  writeFileSync(join(draft, sourcesName), hashSources());
  const old = `${draft}-old`;
  try {
    renameSync(builtFolder, old);
  } catch {
    // There was none.
  }
  renameSync(draft, builtFolder);
  rmSync(old, { recursive: true, force: true });
}

function hashSources(): string {
  const hash = createHash('sha256');
  const versions = ['esbuild', 'preact', 'uplot'].map((name) => {
    const { resolve } = createRequire(import.meta.url);
    const folder = resolve(name).replace(new RegExp(`(node_modules/${name}/).*`), '$1');
    return (JSON.parse(readFileSync(`${folder}package.json`, 'utf8')) as { version: string }).version;
  });
  hash.update(versions.join(' ')).update(readFileSync(import.meta.filename));
  hash.update(readFileSync(join(import.meta.dirname, 'live', 'picture.ts')));
  for (const name of readdirSync(webFolder, { recursive: true, encoding: 'utf8' }).toSorted())
    if (/\.(tsx?|css|html)$/.test(name)) hash.update(name).update(readFileSync(join(webFolder, name)));
  return hash.digest('hex');
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
      'The dashboard is not built: its packages are not installed (npm ci, then npm run build:dashboard).\n',
    );
  }
}
