/**
 * House rules that no other tool enforces, on the text of the project itself: sizes, names, comments, words,
 * the tables of codes, events and metrics, generated pages, and what must never stand in a public file.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { errorTable } from '#shared/errors.ts';
import { logEvents } from '#shared/log.ts';
import { metricTable } from '#shared/metric-table.ts';
import { renderPages } from '../docs/generate/pages.ts';
import { listProjectFiles, projectFolder, readProjectFile } from './tidy/project-files.ts';

const fileMaxLines = 300;
const medianMaxLines = 150;
const functionMaxLines = 70;
const parametersMax = 4;
const openingMaxLines = 5;

interface Text {
  readonly path: string;
  readonly text: string;
}

const files = listProjectFiles();
const sources: readonly Text[] = files
  .filter((path) => /\.(ts|tsx|js|mjs|c|h)$/.test(path))
  .map((path) => ({ path, text: readProjectFile(path) }));
const scripts = sources.filter(({ path }) => /\.(ts|tsx|js|mjs)$/.test(path));
const product = scripts.filter(
  ({ path }) => /^(proxy|edge|cli|bin|share|shared|native)\//.test(path) && !isTest(path),
);
const tests = scripts.filter(({ path }) => isTest(path));

test('no source file is longer than 300 lines, and half of them are no longer than 150', () => {
  const sizes = sources.map(({ path, text }) => ({ path, lines: countLines(text) }));
  assert.deepEqual(
    sizes.filter(({ lines }) => lines > fileMaxLines),
    [],
  );
  const sorted = sizes.map(({ lines }) => lines).toSorted((a, b) => a - b);
  assert.ok(sorted[Math.floor(sorted.length / 2)]! <= medianMaxLines, `sizes: ${sorted.join(' ')}`);
});

test('the linter holds functions to 70 lines and four parameters everywhere', () => {
  const { rules, overrides } = JSON.parse(readProjectFile('.oxlintrc.json')) as LintConfig;
  assert.deepEqual(rules['max-params'], ['error', { max: parametersMax }]);
  assert.deepEqual(rules['max-lines'], [
    'error',
    { max: fileMaxLines, skipBlankLines: false, skipComments: false },
  ]);
  assert.deepEqual(rules['max-lines-per-function'], [
    'error',
    { max: functionMaxLines, skipBlankLines: false, skipComments: false },
  ]);
  const loosened = overrides.flatMap((override) =>
    Object.keys(override.rules).filter((rule) => rule.startsWith('max-')),
  );
  assert.deepEqual(loosened, []);
});

test('every source file opens with one to five lines on what it owns', () => {
  const bad = sources.filter(({ text }) => {
    const lines = countOpeningLines(text);
    return lines < 1 || lines > openingMaxLines;
  });
  assert.deepEqual(pathsOf(bad), []);
});

test('files are named in kebab-case after the noun that they own', () => {
  const named = pathsOf(sources).filter((path) => !path.startsWith('.'));
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*((\.property)?\.test|\.long|\.check|\.d)?\.(ts|tsx|js|c|h)$/;
  assert.deepEqual(
    named.filter((path) => !kebab.test(basename(path))),
    [],
  );
  const vague = /(^|[-/])(utils?|helpers?|types|common|managers?|misc)([-./]|$)/;
  assert.deepEqual(
    named.filter((path) => vague.test(path)),
    [],
  );
});

test('modules have named exports only', () => {
  // The cruiser reads the default export of its configuration.
  const others = scripts.filter(({ path }) => path !== '.dependency-cruiser.mjs');
  assert.deepEqual(findMatches(others, /^export default\b|\bas default\b.*\}/gm), []);
});

test('no comment switches a checker off', () => {
  assert.deepEqual(
    findMatches(sources, /\b(?:ox|es)lint-(?:disable)|@ts-(?:ignore|nocheck)|prettier-(?:ignore)/g),
    [],
  );
});

test('types are imported at the top, where the boundaries between the rooms see them', () => {
  const inline = /\bimport\(\s*['"`][^'"`]+['"`]\s*\)\s*\.\s*(?!then\b|catch\b|finally\b)\w+/g;
  assert.deepEqual(findMatches(scripts, inline), []);
  assert.deepEqual(findMatches(scripts, /\btypeof\s+import\(.*/g), []);
});

test('the words of the glossary have no synonyms outside the wire adapters', () => {
  // The claims of a session token and the look at them for routing have the names of the wire; the session page is a client of it.
  const wire =
    /^edge\/(oct|y)\/|^share\/wire\/|^shared\/session-token\.ts$|^proxy\/session-page\/web\/(link|session)\//;
  const code = product.filter(({ path }) => !wire.test(path)).map(withoutComments);
  assert.deepEqual(findMatches(code, /\b(?:room|channel)(?:s|Id|Key|Name)?\b/gi), []);
  assert.deepEqual(findMatches(code, /'(?:healthy|unhealthy|dead|alive)'|\bis(?:Healthy|Dead)\b/g), []);
  assert.deepEqual(findMatches(code, /\b(?:sessionLock|keyLock|leaseLock|lockEpoch|generation)\b/g), []);
});

test('every path that ARCHITECTURE.md names exists', () => {
  const rooms = /^(proxy|edge|share|shared|native|cli|bin|bench|test|docs|web|deploy|\.ci)\//;
  const named = [...readProjectFile('ARCHITECTURE.md').matchAll(/`([^`\s]+\/[^`\s]*)`/g)].map(
    ([, path]) => path!,
  );
  const paths = named.filter((path) => rooms.test(path));
  assert.ok(paths.length > 0, 'the page names no path of the project');
  assert.deepEqual(
    paths.filter((path) => globSync(path.replace(/\/$/, ''), { cwd: projectFolder }).length === 0),
    [],
  );
});

test('every test that a comment names exists', () => {
  const named = findMatches(
    sources,
    /\b(?:test|proxy|edge|share|shared|native|cli|bench)\/[\w/.-]+\.(?:test|long|check)\.ts\b/g,
  );
  assert.deepEqual(
    named.filter(({ match }) => !existsSync(join(projectFolder, match))),
    [],
  );
});

test('generated pages say what the tables say; npm run docs writes them anew', async () => {
  for (const [path, text] of await renderPages()) assert.equal(readProjectFile(path), text, path);
});

test('every error code of the table is used', () => {
  assert.deepEqual(findUnused(Object.keys(errorTable), 'shared/errors.ts'), []);
});

test('every event of the list is logged', () => {
  assert.deepEqual(findUnused(Object.keys(logEvents), 'shared/log.ts'), []);
});

test('every metric of the list is measured', () => {
  assert.deepEqual(findUnused(Object.keys(metricTable), 'shared/metric-table.ts'), []);
});

test('no test sleeps: it waits on a condition with a deadline', () => {
  // What waits for a condition looks again after a pause; that is in test/support, not in a test.
  const cases = tests.filter(({ path }) => /\.(?:test|long|check)\.ts$/.test(path));
  // A stream's `pause()` takes no time.
  const sleeps =
    /\btimers\/promises\b|\bAtomics\.wait\(.*|(?<![.\w])(?:sleep|delay|pause)\((?!\)).*|\bsetTimeout\(\s*(?:resolve|done|r)\b.*/g;
  assert.deepEqual(findMatches(cases.map(withoutComments), sleeps), []);
});

test('no test is left out or run alone', () => {
  const code = tests.map(withoutComments);
  assert.deepEqual(findMatches(code, /\b(?:test|it|describe|suite|t)\.(?:only|skip|todo)\b/g), []);
  assert.deepEqual(findMatches(code, /[{,]\s*(?:only|skip|todo)\b\s*[:,}].*/g), []);
});

test('the lock file names no address that packages came from', () => {
  assert.doesNotMatch(readProjectFile('package-lock.json'), /"resolved":/);
});

test('no file names the host of a package registry', () => {
  const text = files.filter((path) => !/\.(png|jpe?g|gif|ico|woff2?|gz)$/.test(path)).map(readText);
  const hosts =
    /\bregistry\.[\w.-]*(?:npm|yarn)[\w.-]*|\bnpmjs\.(?:org|com)|\bnpmmirror\b|\/artifactory\/|\bverdaccio\b.*/gi;
  assert.deepEqual(
    findMatches(
      text.filter(({ path }) => path !== 'test/tidy.check.ts'),
      hosts,
    ),
    [],
  );
});

test('no file has the marks of a merge that was not finished', () => {
  const text = files.filter((path) => /\.(md|ts|json|ya?ml|c|h)$/.test(path)).map(readText);
  // Prettier takes the last one for quotes in quotes.
  assert.deepEqual(findMatches(text, /^(?:<{7} \S+|>{7} \S+|> > > > > > > \S+)$/gm), []);
});

interface LintConfig {
  readonly rules: Readonly<Record<string, unknown>>;
  readonly overrides: readonly { readonly rules: Readonly<Record<string, unknown>> }[];
}

function isTest(path: string): boolean {
  return path.startsWith('test/') || /\.(?:test|long)\.ts$/.test(path);
}

function readText(path: string): Text {
  return { path, text: readProjectFile(path) };
}

function pathsOf(texts: readonly Text[]): string[] {
  return texts.map(({ path }) => path);
}

function countLines(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** Lines with words in the comment that opens the file; 0 where there is none. */
function countOpeningLines(text: string): number {
  const opening = /^(?:#!.*\n)?(?:\/\*([\s\S]*?)\*\/|((?:\/\/.*\n)+))/.exec(text);
  const lines = (opening?.[1] ?? opening?.[2] ?? '').split('\n');
  return lines.filter((line) => /\w/.test(line)).length;
}

function withoutComments({ path, text }: Text): Text {
  return { path, text: text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*/g, '') };
}

function findMatches(texts: readonly Text[], pattern: RegExp): { path: string; match: string }[] {
  return texts.flatMap(({ path, text }) => [...text.matchAll(pattern)].map(([match]) => ({ path, match })));
}

/** Names of a table that the product writes nowhere outside the table itself. */
function findUnused(names: readonly string[], table: string): string[] {
  const text = product
    .map(withoutComments)
    .map(({ path, text }) => (path === table ? text.slice(text.lastIndexOf('\n} as const')) : text))
    .join('\n');
  assert.ok(names.length > 0);
  return names.filter((name) => !text.includes(`'${name}'`));
}
