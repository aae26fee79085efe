/** What a session has, by name, before any of it is fetched: who waits knows how much there is, and too much is told at once. */
import { faultOf, writeMemberPath } from './core/member-path.ts';
import type { Remote } from './remote.ts';

export interface FoundFolder {
  /** Below the shared folder. */
  readonly names: readonly string[];
  readonly entries: readonly string[];
}

/** Requests to the host that are under way at once. */
const requestsMax = 8;

/** A host that goes on naming folders in folders would have all memory. */
const foldersMaxByDefault = 500_000;

export class TooManyFiles extends Error {
  constructor(reason = 'more files than --files-max: say which with --only, or raise it') {
    super(`the session has ${reason}`);
  }
}

export class RemoteTree {
  readonly folders: FoundFolder[] = [];
  readonly files: string[] = [];
  readonly #remote: Pick<Remote, 'folder' | 'stat' | 'list'>;
  readonly #filesMax: number;
  readonly #foldersMax: number;
  #pending: (readonly string[])[] = [];
  #asking = 0;
  #isListed = false;

  constructor(
    remote: Pick<Remote, 'folder' | 'stat' | 'list'>,
    filesMax: number,
    foldersMax = foldersMaxByDefault,
  ) {
    this.#remote = remote;
    this.#filesMax = filesMax;
    this.#foldersMax = foldersMax;
  }

  /** What is known of it so far; `isListed` says that there is no more. */
  get counts(): { folders: number; found: number; isListed: boolean } {
    return { folders: this.folders.length, found: this.files.length, isListed: this.#isListed };
  }

  /** Looks at these, and at all that is below them. Rejects where there are more files than are wanted. */
  async look(wanted: readonly (readonly string[])[]): Promise<void> {
    for (const names of wanted) {
      const path = this.#pathOf(names);
      if ((await this.#remote.stat(path)).type === 'folder') this.#pending.push(names);
      else this.#addFile(path);
    }
    await new Promise<void>((resolve, reject) => {
      const fill = (): void => {
        while (this.#asking < requestsMax && this.#pending.length > 0) {
          this.#asking += 1;
          void this.#lookInto(this.#pending.pop()!)
            .finally(() => (this.#asking -= 1))
            .then(fill, reject);
        }
        if (this.#asking === 0) resolve();
      };
      fill();
    });
    this.#isListed = true;
  }

  async forEachFile(work: (path: string) => Promise<void>): Promise<void> {
    const files = this.files.values();
    const workNext = async (): Promise<void> => {
      for (const path of files) await work(path);
    };
    await Promise.all(Array.from({ length: requestsMax }, workNext));
  }

  async #lookInto(names: readonly string[]): Promise<void> {
    if (this.folders.length >= this.#foldersMax)
      this.#giveUp(`more than ${this.#foldersMax} folders: say which with --only`);
    const all = await this.#remote.list(this.#pathOf(names));
    const sound = [...all].filter(([name]) => faultOf(name, process.platform) === undefined);
    this.folders.push({ names, entries: sound.map(([name]) => name) });
    for (const [name, kind] of sound) {
      if (kind === 'folder') this.#pending.push([...names, name]);
      else this.#addFile(this.#pathOf([...names, name]));
    }
  }

  #addFile(path: string): void {
    if (this.files.length >= this.#filesMax) this.#giveUp();
    this.files.push(path);
  }

  #giveUp(reason?: string): never {
    this.#pending = [];
    throw new TooManyFiles(reason);
  }

  #pathOf(names: readonly string[]): string {
    return writeMemberPath(names, this.#remote.folder);
  }
}
