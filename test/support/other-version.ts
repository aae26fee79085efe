/** This program with another version number, in a folder that goes away with the test. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { makeDataDir } from './front-door.ts';

const root = join(import.meta.dirname, '../..');
const folders = ['bin', 'cli', 'proxy', 'edge', 'share', 'shared', 'native'];

/** Gives the path of its command. */
export function copyAs(t: TestContext, version: string): string {
  const copy = makeDataDir(t);
  for (const folder of folders) cpSync(join(root, folder), join(copy, folder), { recursive: true });
  const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as object;
  writeFileSync(join(copy, 'package.json'), JSON.stringify({ ...about, version }));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return join(copy, 'bin/mooring.js');
}
