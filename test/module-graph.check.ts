/**
 * The module graph: `.dependency-cruiser.mjs` holds its rules. A cruiser that cannot read TypeScript reports
 * no breach either, so the files that it saw are compared with those on disk, and each rule is tried.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { cruise } from 'dependency-cruiser';
import type { ICruiseOptions, ICruiseResult } from 'dependency-cruiser';
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { listProjectFiles, projectFolder } from './tidy/project-files.ts';

const rooms = ['bench', 'bin', 'cli', 'docs', 'edge', 'native', 'proxy', 'share', 'shared', 'test'];
const configFile = join(projectFolder, '.dependency-cruiser.mjs');

/** It takes seconds: once for all who look at it. */
let graph: Promise<ICruiseResult> | undefined;

async function cruiseProject(): Promise<ICruiseResult> {
  graph ??= cruiseFolder(projectFolder, rooms);
  return await graph;
}

test('every import stays within the boundaries, without cycles', async () => {
  const { summary } = await cruiseProject();
  assert.deepEqual(
    summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
    [],
  );
});

test('the module graph holds every source file', async () => {
  const { modules } = await cruiseProject();
  const seen = new Set(modules.map(({ source }) => source));
  const sources = listProjectFiles().filter((path) => /^[a-z]+\/.*\.(ts|tsx|js)$/.test(path));
  assert.ok(sources.length > 0);
  assert.deepEqual(
    sources.filter((path) => !path.endsWith('.d.ts') && !seen.has(path)),
    [],
  );
});

const breaches: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'no-cycle': { 'cli/a.ts': `import './b.ts';`, 'cli/b.ts': `import './a.ts';` },
  'proxy-without-edge': {
    'proxy/a.ts': `import type { B } from '../edge/b.ts';`,
    'edge/b.ts': 'export type B = 1;',
  },
  'edge-without-proxy': { 'edge/a.ts': `await import('../proxy/b.ts');`, 'proxy/b.ts': 'export {};' },
  'shared-without-sides': { 'shared/a.ts': `export * from '../edge/b.ts';`, 'edge/b.ts': 'export {};' },
  'native-alone': { 'native/a.ts': `import '../shared/b.ts';`, 'shared/b.ts': 'export {};' },
  'share-by-itself': { 'share/a.ts': `import '../edge/b.ts';`, 'edge/b.ts': 'export {};' },
  'support-for-tests-alone': { 'cli/a.ts': `import '../test/b.ts';`, 'test/b.ts': 'export {};' },
  'core-without-io': {
    'edge/core/a.ts': `import '../../shared/b.ts';`,
    'shared/b.ts': `import 'node:fs/promises';`,
  },
  'core-imports-core': { 'proxy/core/a.ts': `import '../b.ts';`, 'proxy/b.ts': 'export {};' },
  resolvable: { 'bench/a.ts': `import './gone.ts';` },
  'production-needs-dependencies': {
    'shared/a.ts': `import 'for-tests';`,
    'node_modules/for-tests/package.json': '{"name":"for-tests","exports":"./index.js"}',
    'node_modules/for-tests/index.js': '',
  },
};

test('each rule of the module graph finds its breach', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-graph-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [rule, files] of Object.entries(breaches)) {
    const planted = join(folder, rule);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(planted, path)), { recursive: true });
      writeFileSync(join(planted, path), text);
    }
    writeFileSync(join(planted, 'package.json'), '{"devDependencies":{"for-tests":"1"}}');
    writeFileSync(join(planted, 'tsconfig.json'), '{}');
    const found = (await cruiseFolder(planted, ['.'])).summary.violations.map((breach) => breach.rule.name);
    assert.ok(found.includes(rule), `${rule} is silent; found: ${found}`);
  }
  const { ruleSet } = await extractConfig(configFile);
  assert.deepEqual(
    ruleSet?.forbidden?.map(({ name }) => name),
    Object.keys(breaches),
  );
});

async function cruiseFolder(baseDir: string, folders: readonly string[]): Promise<ICruiseResult> {
  const options: ICruiseOptions = { ...(await extractConfig(configFile)), baseDir, validate: true };
  const { output } = await cruise([...folders], options);
  assert.ok(typeof output !== 'string');
  return output;
}
