/**
 * The files of the project as git knows them, for the tests that read it: tracked and new ones, without what
 * is ignored. Links, and files that are gone from the disk, are left out.
 */
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const projectFolder = join(import.meta.dirname, '..', '..');

const listMaxMs = 10_000;

/** Paths from the top of the project, with `/`. */
export function listProjectFiles(): string[] {
  // `safe.directory`: a checkout may belong to another user than the one who tests it, as in a container.
  const args = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const output = execFileSync('git', args, { cwd: projectFolder, encoding: 'utf8', timeout: listMaxMs });
  return [...new Set(output.split('\0'))].filter(isFile).toSorted();
}

function isFile(path: string): boolean {
  return lstatSync(join(projectFolder, path), { throwIfNoEntry: false })?.isFile() ?? false;
}

export function readProjectFile(path: string): string {
  return readFileSync(join(projectFolder, path), 'utf8');
}
