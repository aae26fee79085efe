/** The program in one piece, as `build.ts` makes it of the sources: whether it is there, and still what the sources say. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `build.ts` writes beside its builds. Its paths are relative to its folder. */
export const programList = fileURLToPath(new URL('.build/program.json', import.meta.url));

/**
 * The file to begin with in the program that was built; undefined where there is none, or a source or a package has changed since:
 * then the sources themselves run. A source is as it was while its size and its time are.
 */
export function findFreshProgram(list = programList) {
  try {
    const program = JSON.parse(readFileSync(list, 'utf8'));
    const folder = dirname(list);
    for (const [path, stamp] of Object.entries(program.sources))
      if (stampOf(`${folder}/${path}`) !== stamp) return undefined;
    const main = join(folder, program.main);
    return stampOf(main) === undefined ? undefined : main;
  } catch {
    // Not there, not whole, of another version, or not to be read: the sources are.
    return undefined;
  }
}

/** Undefined where there is no such file. */
export function stampOf(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.size} ${found.mtimeMs}`;
}
