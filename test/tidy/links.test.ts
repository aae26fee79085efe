/** Links of the pages lead to files that are there, and to headings that they have. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { listProjectFiles, projectFolder, readProjectFile } from './project-files.ts';

const pages = listProjectFiles().filter((path) => path.endsWith('.md'));

test('every link between pages leads somewhere', () => {
  const links = pages.flatMap((page) => linksOf(page));
  assert.ok(links.length > 0, 'there are links');
  assert.deepEqual(
    links.filter(({ path }) => !existsSync(join(projectFolder, path))),
    [],
  );
  const headings = new Map(pages.map((page) => [page, headingsOf(page)]));
  const missing = links.filter(({ path, heading }) => {
    return heading !== undefined && headings.get(path)?.has(heading) === false;
  });
  assert.deepEqual(missing, []);
});

interface Link {
  readonly page: string;
  readonly path: string;
  readonly heading: string | undefined;
}

function linksOf(page: string): Link[] {
  const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', heading] = target.split('#', 2);
      const path = file === '' ? page : normalize(join(dirname(page), file));
      return { page, path, heading };
    });
}

/** As GitHub names them. */
function headingsOf(page: string): Set<string> {
  const lines = prose(page)
    .split('\n')
    .filter((line) => /^#{1,6} /.test(line));
  return new Set(lines.map((line) => slugOf(line.replace(/^#+ /, ''))));
}

function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** Without blocks of code. */
function prose(page: string): string {
  return readProjectFile(page).replace(/^ *```[\s\S]*?^ *```/gm, '');
}
