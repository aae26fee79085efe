/** The newest version of each client in the folder; looked at again after a short while, once at a time. */
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
/** In the folders of clients, and where plug-ins of an update site are. */
const pluginsFolder = 'plugins';
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
  #atMs = -Infinity;
  #view: Promise<ClientsView> = Promise.resolve(empty);

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Of a folder that is not there there is nothing. */
  async look(folder: string): Promise<ClientsView> {
    if (folder === '') return empty;
    if (this.#folder !== folder || this.#nowMs() - this.#atMs > keptMs) {
      this.#folder = folder;
      this.#atMs = this.#nowMs();
      this.#view = read(folder);
    }
    return await this.#view;
  }
}

async function read(folder: string): Promise<ClientsView> {
  const files: (readonly string[])[] = [];
  const top = await namesIn(folder, []);
  const folders = top.filter(({ isFolder }) => isFolder).map(({ name }) => [name]);
  files.push(...top.filter(({ isFolder }) => !isFolder).map(({ name }) => [name]));
  for (const at of [...folders, ['eclipse', pluginsFolder]]) {
    const entries = await namesIn(folder, at);
    files.push(...entries.filter(({ isFolder }) => !isFolder).map(({ name }) => [...at, name]));
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

async function namesIn(folder: string, at: readonly string[]): ReturnType<typeof listIn> {
  try {
    return await listIn(folder, at);
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return [];
    throw error;
  }
}
