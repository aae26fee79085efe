/** Paths of members: what is let through names a place below the shared folder, on any platform, and nothing else. */
import assert from 'node:assert/strict';
import { posix, win32 } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { faultOf, readMemberPath, writeMemberPath } from './member-path.ts';

const hostileParts = [
  '.. . / \\ ..\\ c: C:\\x nul COM1.txt x::$DATA GIT~1 a. ... ~ %2e%2e project a b.txt'.split(' '),
  ['', '\0', 'a\nb', '\u001b[2J', 'a ', '\ud800', 'x'.repeat(300)],
].flat();
const hostile = fc.constantFrom(...hostileParts);
const path = fc.array(hostile, { maxLength: 6 }).map((parts) => parts.join('/'));

for (const platform of ['linux', 'darwin', 'win32']) {
  test(`on ${platform} no path of a member leads out of the folder`, () => {
    const paths = platform === 'win32' ? win32 : posix;
    const root = platform === 'win32' ? 'C:\\home\\project' : '/home/project';
    fc.assert(
      fc.property(
        fc.oneof(
          path,
          path.map((rest) => `project/${rest}`),
          fc.string(),
        ),
        (asked) => {
          const read = readMemberPath(asked, 'project', platform);
          if (read.kind !== 'inside') return;
          const below = paths.relative(root, paths.join(root, ...read.names));
          assert.deepEqual(below === '' ? [] : below.split(platform === 'win32' ? '\\' : '/'), read.names);
          assert.ok(!paths.isAbsolute(below));
          assert.equal(writeMemberPath(read.names, 'project'), asked.replace(/\/$/, ''));
        },
      ),
      { numRuns: 3_000 },
    );
  });
}

test('what a path may not have is refused with a reason', () => {
  const reasons = {
    'project/../x': 'a way up',
    'project//x': 'an empty name',
    'project/a\nb': 'control characters',
    'project/\ud800': 'half a character',
    'other/x': 'not below the shared folder',
    '/project/x': 'not below the shared folder',
  };
  for (const [asked, reason] of Object.entries(reasons))
    assert.deepEqual(readMemberPath(asked, 'project', 'linux'), { kind: 'refused', reason });
  for (const asked of ['project/nul', 'project/a:b', 'project/GIT~1/config', 'project/a.', 'project/..\\x'])
    assert.equal(readMemberPath(asked, 'project', 'win32').kind, 'refused', asked);
  assert.equal(readMemberPath(undefined, 'project', 'linux').kind, 'refused');
});

test('a host that lists a path as a name of its folder names nothing', () => {
  for (const name of ['../x', 'a/../../x', '.git/config', '/']) assert.ok(faultOf(name, 'linux'), name);
});

test('names of any language and with spaces are names', () => {
  for (const name of ['ein Ordner', 'größe.txt', '日本語', '😀', 'a\\b', 'con', '.hidden', '#1', "it's"])
    assert.deepEqual(readMemberPath(`project/${name}`, 'project', 'linux'), {
      kind: 'inside',
      names: [name],
    });
});
