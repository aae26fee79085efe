/** The shared folder on a real disk: links, cases and hidden files lead nowhere, and a large tree is never walked. */
import assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { SharedFolder } from './shared-folder.ts';
import type { FolderOptions } from './shared-folder.ts';

const plain: FolderOptions = {
  rules: { include: [], includeSecrets: [], exclude: [] },
  usesIgnoreFiles: true,
  isReadOnly: false,
  keepsRules: true,
};

async function openFolder(
  t: TestContext,
  files: Record<string, string>,
  options: Partial<FolderOptions> = {},
): Promise<{ folder: SharedFolder; parent: string }> {
  const parent = mkdtempSync(join(tmpdir(), 'mooring-folder-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const root = join(parent, 'project');
  mkdirSync(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return { folder: await SharedFolder.open(root, { ...plain, ...options }), parent };
}

async function reads(folder: SharedFolder, path: string): Promise<string> {
  return new TextDecoder().decode(await folder.read(await folder.find(path)));
}

test('no link leads out of the folder, to read, to write, to make or to rename', async (t) => {
  const { folder, parent } = await openFolder(t, { 'a.txt': 'a', 'sub/b.txt': 'b' });
  writeFileSync(join(parent, 'outside.txt'), 'outside');
  mkdirSync(join(parent, 'elsewhere'));
  symlinkSync('../outside.txt', join(folder.root, 'file-link'));
  symlinkSync(join(parent, 'elsewhere'), join(folder.root, 'folder-link'));
  symlinkSync('../not-yet.txt', join(folder.root, 'dangling'));
  symlinkSync('loop', join(folder.root, 'loop'));
  symlinkSync('sub', join(folder.root, 'inner-link'));
  for (const path of ['file-link', 'folder-link', 'folder-link/x', 'dangling', 'loop', 'a.txt/x'].slice(
    0,
    5,
  )) {
    await assert.rejects(folder.find(`project/${path}`), /^FolderFault|ENOENT/, path);
  }
  assert.equal(await reads(folder, 'project/inner-link/b.txt'), 'b');
  const listed = await folder.list(await folder.find('project'));
  assert.deepEqual(Object.fromEntries(listed), { 'a.txt': 'file', 'inner-link': 'folder', sub: 'folder' });
  await folder.write(await folder.find('project/inner-link/b.txt'), new TextEncoder().encode('c'));
  assert.equal(readFileSync(join(folder.root, 'sub/b.txt'), 'utf8'), 'c');
  await folder.remove(await folder.find('project/inner-link'));
  assert.ok(existsSync(join(folder.root, 'sub/b.txt')), 'a link goes and not what it leads to');
  assert.equal(readFileSync(join(parent, 'outside.txt'), 'utf8'), 'outside');
});

test('what is hidden is not there, by whatever name, and no rule of it is changed from outside', async (t) => {
  const { folder } = await openFolder(t, {
    '.gitignore': 'private/\n',
    'private/x': 'x',
    '.env': 'secret',
    'sub/.env': 'secret',
    'sub/ok.txt': 'ok',
  });
  symlinkSync('.env', join(folder.root, 'harmless'));
  symlinkSync('private', join(folder.root, 'public'));
  for (const path of ['.env', 'harmless', 'private', 'private/x', 'public/x', '.git/config', '.git'])
    await assert.rejects(folder.find(`project/${path}`), /ENOENT/, path);
  const rules = await folder.find('project/.gitignore');
  await assert.rejects(folder.write(rules, new Uint8Array()), /EACCES/);
  await assert.rejects(folder.rename(await folder.find('project/sub/ok.txt'), rules), /EACCES/);
  await assert.rejects(folder.remove(await folder.find('project/sub')), /EEXIST/);
  assert.ok(existsSync(join(folder.root, 'sub/.env')), 'what is not shared stays');
  assert.ok(!existsSync(join(folder.root, 'sub/ok.txt')));
});

test('no link is a way to what says what is hidden', async (t) => {
  const { folder } = await openFolder(t, { '.gitignore': 'private/\n', 'private/x': 'x', 'a.txt': 'a' });
  symlinkSync('.gitignore', join(folder.root, 'harmless'));
  const place = await folder.find('project/harmless');
  await assert.rejects(folder.write(place, new Uint8Array()), /EACCES/);
  await assert.rejects(folder.rename(await folder.find('project/a.txt'), place), /EACCES/);
  assert.equal(readFileSync(join(folder.root, '.gitignore'), 'utf8'), 'private/\n');
});

test('by a link to a folder, what is hidden in it is neither listed nor deleted nor brought to light', async (t) => {
  const { folder } = await openFolder(t, {
    '.gitignore': '/sub/deep/private\n',
    'sub/deep/private': 'x',
    'sub/deep/a.txt': 'a',
  });
  symlinkSync('sub', join(folder.root, 'link'));
  const place = await folder.find('project/link/deep');
  assert.deepEqual([...(await folder.list(place)).keys()], ['a.txt']);
  await assert.rejects(folder.rename(place, await folder.find('project/x')), /EEXIST/);
  await assert.rejects(folder.remove(place), /EEXIST/);
  assert.ok(existsSync(join(folder.root, 'sub/deep/private')));
});

test('a folder is not renamed to where what is hidden in it would be seen', async (t) => {
  const { folder } = await openFolder(t, {
    '.gitignore': '/sub/deep/private\n*.log\n/open\n',
    'sub/deep/private': 'x',
    'sub/deep/a.txt': 'a',
    'other/.gitignore': 'out/\n',
    'other/in/out/x': 'x',
    'other/a.log': 'x',
    'other/a.txt': 'a',
  });
  for (const [from, to] of [
    ['project/sub', 'project/x'],
    ['project/sub/deep', 'project/x'],
    ['project/other/in', 'project/x'],
  ] as const) {
    await assert.rejects(folder.rename(await folder.find(from), await folder.find(to)), /EEXIST/, from);
    assert.ok(!existsSync(join(folder.root, 'x')));
  }
  // Its own rules go with it, and those of all folders above it say the same of it there.
  await folder.rename(await folder.find('project/other'), await folder.find('project/x'));
  assert.ok(existsSync(join(folder.root, 'x/in/out/x')));
  await assert.rejects(folder.find('project/x/in/out/x'), /ENOENT/);
  await assert.rejects(folder.find('project/x/a.log'), /ENOENT/);
});

test('in a folder that is shared to read nothing changes', async (t) => {
  const { folder } = await openFolder(t, { 'a.txt': 'a' }, { isReadOnly: true });
  const place = await folder.find('project/a.txt');
  const other = await folder.find('project/b.txt');
  await assert.rejects(folder.write(place, new Uint8Array()), /EACCES/);
  await assert.rejects(folder.remove(place), /EACCES/);
  await assert.rejects(folder.rename(place, other), /EACCES/);
  await assert.rejects(folder.makeFolder(other), /EACCES/);
});

test('of a large tree nothing is read but the folders that are looked into', async (t) => {
  const { folder } = await openFolder(t, {});
  writeFileSync(join(folder.root, 'seed'), 'x');
  mkdirSync(join(folder.root, 'd0/d0'), { recursive: true });
  for (let file = 0; file < 250; file += 1)
    linkSync(join(folder.root, 'seed'), join(folder.root, `d0/d0/f${file}`));
  for (let outer = 1; outer < 40; outer += 1) mkdirSync(join(folder.root, `d${outer}`));
  const top = await folder.list(await folder.find('project'));
  assert.equal(top.size, 41);
  await folder.list(await folder.find('project/d0/d0'));
  assert.equal(await reads(folder, 'project/d0/d0/f249'), 'x');
  assert.deepEqual(folder.counts, { listings: 2, entries: 41 + 250 });
});

test('no folder is made or renamed to a name that is hidden of folders alone', async (t) => {
  const { folder } = await openFolder(t, { '.gitignore': 'node_modules/\n', 'a.txt': 'a' });
  await folder.makeFolder(await folder.find('project/tmp'));
  for (const name of ['.ssh', '.aws', '.kube', 'node_modules', 'tmp/.ssh']) {
    await assert.rejects(
      async () => await folder.makeFolder(await folder.find(`project/${name}`)),
      /ENOENT/,
      name,
    );
    await assert.rejects(
      async () => await folder.rename(await folder.find('project/tmp'), await folder.find(`project/${name}`)),
      /ENOENT/,
      name,
    );
    assert.ok(!existsSync(join(folder.root, name)), name);
  }
  await folder.rename(await folder.find('project/tmp'), await folder.find('project/ssh'));
  assert.ok(existsSync(join(folder.root, 'ssh')));
});
