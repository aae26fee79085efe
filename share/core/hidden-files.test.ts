/** What a shared folder hides: ignore files as git reads them, secrets by their names, version control always. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { HiddenFiles } from './hidden-files.ts';
import type { SharingRules } from './hidden-files.ts';

const noRules: SharingRules = { include: [], includeSecrets: [], exclude: [] };

function openRules(texts: Record<string, string> = {}, rules: Partial<SharingRules> = {}): HiddenFiles {
  return new HiddenFiles({ ...noRules, ...rules }, (folder) => texts[folder.join('/')]);
}

function why(hidden: HiddenFiles, path: string): string | undefined {
  return hidden.whyHidden(path.replace(/\/$/, '').split('/'), path.endsWith('/'));
}

test('secrets are hidden by name in any folder and any case, their examples are not', () => {
  const hidden = openRules();
  const secrets = [
    '.env',
    'a/.env.local',
    '.ENV',
    'fleet.env',
    'k.pem',
    'Server.KEY',
    'deep/id_ed25519',
    '.ssh/config',
    '.npmrc',
  ];
  for (const path of secrets) assert.equal(why(hidden, path), 'secret', path);
  for (const path of ['.env.example', 'example.env', 'id_rsa.pub', 'env', 'keyboard.ts', 'a/environment.md'])
    assert.equal(why(hidden, path), undefined, path);
});

test('what git keeps is never shared, whatever is asked for', () => {
  const hidden = openRules({}, { include: ['.git'], includeSecrets: ['.git', '**'] });
  for (const path of ['.git/', '.git/config', 'sub/.git/hooks/x', '.GIT/config', '.mooring-1.tmp'])
    assert.equal(why(hidden, path), 'never shared', path);
});

test('what is hidden is shared when it is named, and a secret only when it is named as one', () => {
  const texts = { '': 'dist/\n*.log\n' };
  assert.equal(why(openRules(texts), 'dist/a.js'), 'ignored');
  assert.equal(why(openRules(texts, { include: ['dist/'] }), 'dist/a.js'), undefined);
  assert.equal(why(openRules(texts, { include: ['dist/'] }), 'dist/.env'), 'secret');
  assert.equal(why(openRules(texts, { includeSecrets: ['.env.test'] }), '.env.test'), undefined);
  assert.equal(why(openRules(texts, { exclude: ['notes/'] }), 'notes/x'), 'ignored');
});

/** Patterns and paths of few letters, so that they meet, and names that mean something in a pattern. */
const name = fc.constantFrom('a', 'b', 'ab', 'a.b', 'B', '[b]', 'a b', '!b', '#b', 'a*');
const pattern = fc
  .tuple(
    fc.constantFrom('', '!', '/', '!/'),
    fc.oneof(
      fc.constantFrom('a', 'b', '*', 'a*', '?b', '**/b', 'a/b', 'a/**', '[ab]', 'f', '*f', 'a/*.f', ''),
      fc.constantFrom('**', '\\!b', '\\#b', '#b', '\\[b\\]', 'a\\ b', 'b/**/f'),
    ),
    fc.constantFrom('', '/', ' ', '/ '),
  )
  .map((parts) => parts.join(''));
const rules = fc.array(pattern, { maxLength: 4 }).map((lines) => lines.join('\n'));
/** Folders and files have different names, for git looks which of both is there. */
const file = fc
  .tuple(fc.array(name, { maxLength: 3 }), fc.constantFrom('f', 'bf', 'a.f'))
  .map(([folders, leaf]) => [...folders, leaf].join('/'));
const ignoreFiles = fc
  .tuple(name, name)
  .chain(([folder, inner]) => fc.record({ '': rules, [folder]: rules, [`${folder}/${inner}`]: rules }));

test('ignore files mean what git says that they mean', (t) => {
  const repository = mkdtempSync(join(tmpdir(), 'mooring-ignore-'));
  t.after(() => rmSync(repository, { recursive: true }));
  execFileSync('git', ['init', '-q', repository]);
  fc.assert(
    fc.property(ignoreFiles, fc.array(file, { minLength: 6, maxLength: 12 }), (texts, files) => {
      for (const [folder, text] of Object.entries(texts)) {
        mkdirSync(join(repository, folder), { recursive: true });
        writeFileSync(join(repository, folder, '.gitignore'), text);
      }
      const hidden = openRules(texts);
      const ours = files.filter((path) => why(hidden, path) !== undefined);
      try {
        assert.deepEqual([...new Set(ours)].sort(), ignoredByGit(repository, files), JSON.stringify(texts));
      } finally {
        for (const folder of Object.keys(texts)) rmSync(join(repository, folder, '.gitignore'));
      }
    }),
    { numRuns: 60 },
  );
});

function ignoredByGit(repository: string, files: readonly string[]): string[] {
  assert.ok(dirname(repository) !== repository);
  try {
    const args = ['-C', repository, '-c', 'core.ignoreCase=false', 'check-ignore', '--no-index', '--stdin'];
    const output = execFileSync('git', args, { input: files.join('\n'), encoding: 'utf8' });
    return [...new Set(output.split('\n').filter((line) => line !== ''))].sort();
  } catch (error) {
    // Git says 1 where it ignores nothing.
    assert.equal((error as { status: number }).status, 1);
    return [];
  }
}
