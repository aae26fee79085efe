/**
 * What a host does for its guests, as editors do it: lets them in, greets them, gives them files, puts texts into the shared
 * document, and writes what was edited back.
 */
import { FileChangeEventType, FileType, VERSION } from 'open-collaboration-protocol';
import type { Peer, ProtocolBroadcastConnection, User, Workspace } from 'open-collaboration-protocol';
import type { Store } from '../store.ts';
import type { SharedFolder } from './folder.ts';
import { decode } from './open-files.ts';
import type { FileTree } from './file-tree.ts';
import type { SessionView } from './session-view.ts';
import type { SharedDocuments } from './shared-documents.ts';

/** What a host knows of its session. */
interface Hosted {
  readonly store: Store<SessionView>;
  readonly documents: SharedDocuments;
  readonly tree: FileTree;
  readonly tell: (text: string, isFault?: boolean) => void;
}

const writeBackAfterMs = 400;
const askMaxMs = 300_000;

export class HostDuty {
  /** Whoever changes something by it, everybody is told. */
  readonly folder: SharedFolder;
  readonly workspace: Workspace;
  readonly #source: SharedFolder;
  #announce: (path: string, type: FileChangeEventType) => void = () => undefined;
  readonly #shared = new Map<string, ReturnType<typeof setTimeout> | undefined>();
  #lastQuestion = 0;

  constructor(folder: SharedFolder, workspace: Workspace) {
    this.#source = folder;
    this.folder = announcing(folder, (path, type) => this.#announce(path, type));
    this.workspace = workspace;
  }

  serve(connection: ProtocolBroadcastConnection, session: Hosted): void {
    connection.peer.onJoinRequest(async (_origin, user) =>
      (await this.#ask(session, user)) ? { workspace: this.workspace } : undefined,
    );
    connection.editor.onOpen((_origin, path) => void this.#openFor(session, path));
    this.#serveFiles(connection, session);
  }

  greet(connection: ProtocolBroadcastConnection, session: Hosted, peer: Peer): void {
    const { self, members, isReadOnly } = session.store.value;
    if (self === undefined) return;
    const guests = members.filter(({ id }) => id !== peer.id);
    const permissions = { readonly: isReadOnly };
    const greeting = { protocol: VERSION, host: self, guests, permissions, capabilities: {} };
    connection.peer.init(peer.id, { ...greeting, workspace: this.workspace }).catch(() => undefined);
  }

  /** Once for each path: a text that is put in again would undo what others have typed. */
  shareText(session: Hosted, path: string, picture: string): void {
    if (this.#shared.has(path)) return;
    this.#shared.set(path, undefined);
    const { documents } = session;
    const text = documents.text(path);
    if (!documents.hasContent(path)) text.insert(0, picture);
    text.observe(() => {
      clearTimeout(this.#shared.get(path));
      this.#shared.set(
        path,
        setTimeout(() => void this.#writeBack(session, path), writeBackAfterMs),
      );
    });
  }

  async #openFor(session: Hosted, path: string): Promise<void> {
    if (this.#shared.has(path)) return;
    const picture = decode(await this.folder.read(path));
    if (picture !== undefined) this.shareText(session, path, picture);
  }

  async #writeBack({ documents, tell }: Hosted, path: string): Promise<void> {
    try {
      await this.#source.write(path, encode(documents.text(path).toJSON()));
    } catch (error) {
      tell(`${path} could not be written: ${String(error)}`, true);
    }
  }

  async #ask({ store }: Hosted, user: User): Promise<boolean> {
    return await new Promise((resolve) => {
      const id = ++this.#lastQuestion;
      const answer = (isLetIn: boolean): void => {
        store.set({ questions: store.value.questions.filter((question) => question.id !== id) });
        clearTimeout(waiting);
        resolve(isLetIn);
      };
      // Whoever asked has gone by then.
      const waiting = setTimeout(() => answer(false), askMaxMs);
      store.set({ questions: [...store.value.questions, { id, user, answer }] });
    });
  }

  #serveFiles({ fs }: ProtocolBroadcastConnection, session: Hosted): void {
    const { folder } = this;
    this.#announce = (path, type) => {
      fs.change({ changes: [{ path, type }] }).catch(() => undefined);
      void session.tree.refresh([path]);
    };
    const forWriters = (): void => {
      if (session.store.value.isReadOnly) throw new Error('This session is read-only.');
    };
    fs.onStat(async (_origin, path) => await this.#stat(path));
    fs.onReaddir(async (_origin, path) =>
      Object.fromEntries(
        (await folder.list(path)).map(({ name, isFolder }) => [
          name,
          isFolder ? FileType.Directory : FileType.File,
        ]),
      ),
    );
    fs.onReadFile(async (_origin, path) => ({ content: await folder.read(path) }));
    fs.onWriteFile(async (_origin, path, { content }) => {
      forWriters();
      // Of a text that all share that means “now”: what is shared decides.
      const isShared = this.#shared.has(path);
      await folder.write(path, isShared ? encode(session.documents.text(path).toJSON()) : content);
    });
    fs.onMkdir(async (_origin, path) => {
      forWriters();
      await folder.makeFolder(path);
    });
    fs.onDelete(async (_origin, path) => {
      forWriters();
      await folder.remove(path);
    });
    fs.onRename(async (_origin, from, to) => {
      forWriters();
      await folder.rename(from, to);
    });
  }

  async #stat(path: string): Promise<{ type: FileType; mtime: number; ctime: number; size: number }> {
    const times = { mtime: Date.now(), ctime: Date.now() };
    if (this.workspace.folders.includes(path)) return { type: FileType.Directory, ...times, size: 0 };
    const at = path.lastIndexOf('/');
    const entry = (await this.folder.list(path.slice(0, at))).find(({ name }) => name === path.slice(at + 1));
    if (entry === undefined) throw new Error(`ENOENT: there is no ${path}`);
    if (entry.isFolder) return { type: FileType.Directory, ...times, size: 0 };
    return { type: FileType.File, ...times, size: await this.folder.size(path) };
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function announcing(
  folder: SharedFolder,
  announce: (path: string, type: FileChangeEventType) => void,
): SharedFolder {
  const { Create, Update, Delete } = FileChangeEventType;
  return {
    list: async (path) => await folder.list(path),
    size: async (path) => await folder.size(path),
    read: async (path) => await folder.read(path),
    write: async (path, content) => {
      const isNew = await folder.size(path).then(
        () => false,
        () => true,
      );
      await folder.write(path, content);
      announce(path, isNew ? Create : Update);
    },
    makeFolder: async (path) => {
      await folder.makeFolder(path);
      announce(path, Create);
    },
    rename: async (from, to) => {
      await folder.rename(from, to);
      announce(from, Delete);
      announce(to, Create);
    },
    remove: async (path) => {
      await folder.remove(path);
      announce(path, Delete);
    },
  };
}
