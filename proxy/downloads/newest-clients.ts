/** The newest version of each client in the folder; looked at again a short while after the last look has ended, once at a time. */
import { newestFirst } from '#shared/registry/order-tags.ts';
import { AppError } from '#shared/errors.ts';
import { clientFileOf, clientKinds } from './client-file.ts';
import type { ClientKind } from './client-file.ts';
import { listIn } from './download-folder.ts';

export interface NewestClient {
  readonly version: string;
  /** Below the folder, one for each machine that it is for. */
  readonly files: readonly (readonly string[])[];
}

export interface ClientsView {
  readonly isSet: boolean;
  readonly newest: ReadonlyMap<ClientKind, NewestClient>;
  /** A p2 repository, as Eclipse installs from. */
  readonly hasUpdateSite: boolean;
}

const keptMs = 2_000;
const filesMax = 6;
/** Folders beyond it, by name, are not looked into. */
const foldersMax = 64;
const pluginsFolder = ['eclipse', 'plugins'];
const updateSiteFiles = new Set([
  'p2.index',
  'content.jar',
  'content.xml',
  'content.xml.xz',
  'compositeContent.xml',
  'compositeContent.jar',
  'site.xml',
]);

const empty: ClientsView = { isSet: false, newest: new Map(), hasUpdateSite: false };

interface Seen {
  readonly version: string;
  readonly names: readonly string[];
}

export class NewestClients {
  readonly #nowMs: () => number;
  #folder: string | undefined;
  #isLooking = false;
  #endedMs = -Infinity;
  #view: Promise<ClientsView> = Promise.resolve(empty);

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Of a folder that is not there there is nothing. */
  async look(folder: string): Promise<ClientsView> {
    if (folder === '') return empty;
    const isOld = !this.#isLooking && this.#nowMs() - this.#endedMs > keptMs;
    if (this.#folder !== folder || isOld) {
      this.#folder = folder;
      this.#view = this.#read(folder);
    }
    return await this.#view;
  }

  async #read(folder: string): Promise<ClientsView> {
    this.#isLooking = true;
    try {
      return await read(folder);
    } finally {
      this.#isLooking = false;
      this.#endedMs = this.#nowMs();
    }
  }
}

async function read(folder: string): Promise<ClientsView> {
  const top = await listIn(folder, []).catch(nothingIfAbsent);
  const files = top.filter(({ isFolder }) => !isFolder).map(({ name }) => [name]);
  const folders = top.filter(({ isFolder }) => isFolder).map(({ name }) => [name]);
  for (const at of [...folders.slice(0, foldersMax), pluginsFolder]) {
    const entries = await listIn(folder, at).catch(nothingIfAbsent);
    for (const { name, isFolder } of entries) if (!isFolder) files.push([...at, name]);
  }
  const hasUpdateSite = files.some((names) => names[0] === 'eclipse' && updateSiteFiles.has(names[1]!));
  const newest = new Map<ClientKind, NewestClient>();
  for (const kind of clientKinds) {
    const seen = files.flatMap((names): Seen[] => {
      const file = clientFileOf(names);
      return file?.client === kind ? [{ version: file.version, names }] : [];
    });
    const [version] = newestFirst(seen.map((file) => file.version));
    if (version === undefined) continue;
    const own = seen.filter((file) => file.version === version).map(({ names }) => names);
    newest.set(kind, { version, files: own.slice(0, filesMax) });
  }
  return { isSet: true, newest, hasUpdateSite };
}

function nothingIfAbsent(error: unknown): [] {
  if (error instanceof AppError && error.code === 'not-found') return [];
  throw error;
}
