/** Texts of ignore files, read when somebody looks into their folder, and anew when one has changed. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

const perFolder = ['.gitignore', '.mooringignore'];
/** A file of more bytes is no list of patterns. */
const textMaxBytes = 1_048_576;
/** Folders whose texts are remembered; the rest is read again. */
const foldersMax = 20_000;

interface Remembered {
  readonly stamp: string;
  readonly text: string;
}

export class IgnoreFiles {
  readonly #root: string;
  readonly #isUsed: boolean;
  readonly #known = new Map<string, Remembered>();

  constructor(root: string, isUsed: boolean) {
    this.#root = root;
    this.#isUsed = isUsed;
  }

  /** Has to be called for a folder before `textOf`. */
  async look(folder: readonly string[]): Promise<void> {
    const key = folder.join('/');
    const names = this.#namesFor(folder);
    const stamps: string[] = [];
    for (const name of names) stamps.push(await stampOf(join(this.#root, ...folder, name)));
    const stamp = stamps.join(' ');
    if (this.#known.get(key)?.stamp === stamp) return;
    const texts: string[] = [];
    for (const [index, name] of names.entries())
      if (stamps[index] !== '') texts.push(await readText(join(this.#root, ...folder, name)));
    if (this.#known.size >= foldersMax) this.#known.clear();
    this.#known.set(key, { stamp, text: texts.join('\n') });
  }

  textOf(folder: readonly string[]): string | undefined {
    return this.#known.get(folder.join('/'))?.text;
  }

  /** A folder that was looked into is to be asked for as if it were elsewhere already. */
  expect(folder: readonly string[], elsewhere: readonly string[]): void {
    const known = this.#known.get(folder.join('/'));
    if (known !== undefined) this.#known.set(elsewhere.join('/'), known);
  }

  #namesFor(folder: readonly string[]): readonly string[] {
    const own = this.#isUsed ? perFolder : perFolder.slice(1);
    return folder.length === 0 && this.#isUsed ? [join('.git', 'info', 'exclude'), ...own] : own;
  }
}

export function isRuleFile(names: readonly string[]): boolean {
  return perFolder.includes(names.at(-1)?.toLowerCase() ?? '');
}

async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeNs, size, ino } = await stat(path, { bigint: true });
    return size > textMaxBytes ? '' : `${ino}.${mtimeNs}.${size}`;
  } catch {
    return '';
  }
}

/** A file that goes away meanwhile ignores nothing. */
async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}
