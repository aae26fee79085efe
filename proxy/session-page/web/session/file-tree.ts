/** The tree of files: a folder's content is asked for when the folder is opened, and again when the host says that it changed. */
import { describeFault } from '../link/describe-fault.ts';
import { Store } from '../store.ts';
import type { FolderEntry, SharedFolder } from './folder.ts';

/** More rows make a page slow, and nobody looks through them. */
const entriesMax = 1_000;

export interface OpenFolder {
  /** Of a very large folder the first ones. */
  readonly entries: readonly FolderEntry[];
  /** How many more there are. */
  readonly hidden: number;
  readonly isLoading: boolean;
  readonly fault: string | undefined;
}

export interface TreeView {
  readonly roots: readonly string[];
  /** Folders that are open, by path. */
  readonly folders: ReadonlyMap<string, OpenFolder>;
}

export interface TreeRow {
  readonly path: string;
  readonly name: string;
  readonly level: number;
  readonly isFolder: boolean;
  readonly folder: OpenFolder | undefined;
}

export class FileTree {
  readonly store = new Store<TreeView>({ roots: [], folders: new Map() });
  readonly #source: SharedFolder;

  constructor(source: SharedFolder) {
    this.#source = source;
  }

  /** Opens the first one. */
  async show(roots: readonly string[]): Promise<void> {
    this.store.set({ roots });
    if (roots[0] !== undefined) await this.open(roots[0]);
  }

  async open(path: string): Promise<void> {
    const { entries: known = [], hidden: rest = 0 } = this.store.value.folders.get(path) ?? {};
    const opening = { entries: known, hidden: rest, isLoading: true, fault: undefined };
    this.#put(path, opening);
    // Whoever has closed it meanwhile, or asked again, does not see this answer.
    const settle = (folder: OpenFolder): void => {
      if (this.store.value.folders.get(path) === opening) this.#put(path, folder);
    };
    try {
      const all = (await this.#source.list(path)).toSorted(byKindAndName);
      const [entries, hidden] = [all.slice(0, entriesMax), Math.max(0, all.length - entriesMax)];
      settle({ entries, hidden, isLoading: false, fault: undefined });
    } catch (error) {
      settle({ ...opening, isLoading: false, fault: describeFault(error) });
    }
  }

  close(path: string): void {
    const folders = new Map(this.store.value.folders);
    folders.delete(path);
    this.store.set({ folders });
  }

  /** Something came, went or changed at these paths. */
  async refresh(paths: readonly string[]): Promise<void> {
    const { folders } = this.store.value;
    const touched = new Set(paths.map(parentOf).filter((path) => folders.has(path)));
    await Promise.all([...touched].map(async (path) => await this.open(path)));
  }

  #put(path: string, folder: OpenFolder): void {
    this.store.set({ folders: new Map(this.store.value.folders).set(path, folder) });
  }
}

/** What is to be seen, from top to bottom. */
export function rowsOf({ roots, folders }: TreeView): TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (path: string, name: string, level: number, isFolder: boolean): void => {
    const folder = isFolder ? folders.get(path) : undefined;
    rows.push({ path, name, level, isFolder, folder });
    for (const entry of folder?.entries ?? [])
      add(`${path}/${entry.name}`, entry.name, level + 1, entry.isFolder);
  };
  for (const root of roots) add(root, root, 1, true);
  return rows;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function byKindAndName(a: FolderEntry, b: FolderEntry): number {
  return Number(b.isFolder) - Number(a.isFolder) || a.name.localeCompare(b.name);
}
