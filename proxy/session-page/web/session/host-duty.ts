/**
 * What a host does for its guests, as editors do it: lets them in, greets them, gives them files, puts texts into the shared
 * document, and writes what was edited back.
 */
import { FileChangeEventType, FileType, VERSION } from 'open-collaboration-protocol';
import type {
  FileChange,
  Peer,
  ProtocolBroadcastConnection,
  User,
  Workspace,
} from 'open-collaboration-protocol';
import { describeFault } from '../link/describe-fault.ts';
import type { Store } from '../store.ts';
import type { SharedFolder } from './folder.ts';
import { decode, textSizeMax } from './open-files.ts';
import type { SessionView } from './session-view.ts';
import type { SharedDocuments } from './shared-documents.ts';

/** What a host knows of its session. */
interface Hosted {
  readonly store: Store<SessionView>;
  readonly documents: SharedDocuments;
  readonly noteChanges: (changes: readonly FileChange[]) => void;
  readonly tell: (text: string, isFault?: boolean) => void;
}

const writeBackAfterMs = 400;
const askMaxMs = 300_000;

/** A text that the host has put into the document. */
interface SharedText {
  /** Writes it back at once. */
  readonly save: () => Promise<void>;
  /** Its file is no more under this name. */
  readonly forget: () => void;
}

export class HostDuty {
  /** Whoever changes something by it, everybody is told. */
  readonly folder: SharedFolder;
  readonly workspace: Workspace;
  readonly #source: SharedFolder;
  #lastChange: Promise<unknown> = Promise.resolve();
  #announce: (path: string, type: FileChangeEventType) => void = () => undefined;
  readonly #shared = new Map<string, SharedText>();
  /** What the document has of their texts is of files that are gone. */
  readonly #gone = new Set<string>();
  #lastQuestion = 0;

  constructor(folder: SharedFolder, workspace: Workspace) {
    this.#source = folder;
    this.folder = this.#inOrder(folder);
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
    const { documents, tell } = session;
    const text = documents.text(path);
    if (this.#gone.delete(path)) text.delete(0, text.length);
    else if (documents.hasContent(path)) picture = '';
    text.insert(0, picture);
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const save = async (): Promise<void> => {
      clearTimeout(waiting);
      await this.#source.write(path, encode(text.toJSON()));
    };
    const saveInOrder = (): void => {
      // By its turn the file may be gone.
      this.#takeTurn(async () => (this.#shared.get(path) === shared ? await save() : undefined)).catch(
        (error: unknown) => tell(`${path} could not be written: ${describeFault(error)}`, true),
      );
    };
    const note = (): void => {
      clearTimeout(waiting);
      waiting = setTimeout(saveInOrder, writeBackAfterMs);
    };
    const forget = (): void => {
      clearTimeout(waiting);
      text.unobserve(note);
    };
    const shared = { save, forget };
    this.#shared.set(path, shared);
    text.observe(note);
  }

  async #openFor(session: Hosted, path: string): Promise<void> {
    if (this.#shared.has(path)) return;
    try {
      if ((await this.folder.size(path)) > textSizeMax) return;
      const picture = decode(await this.folder.read(path));
      if (picture !== undefined) this.shareText(session, path, picture);
    } catch {
      // Whoever opens what cannot be read is told so when they read it.
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
      session.noteChanges([{ path, type }]);
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

  /** One change after the other, so that none is overtaken by one before; everybody is told of each. */
  #inOrder(folder: SharedFolder): SharedFolder {
    const { Create, Update, Delete } = FileChangeEventType;
    return {
      list: async (path) => await folder.list(path),
      size: async (path) => await folder.size(path),
      read: async (path) => await folder.read(path),
      write: async (path, content) =>
        await this.#takeTurn(async () => {
          const isNew = await folder.size(path).then(
            () => false,
            () => true,
          );
          await folder.write(path, content);
          this.#announce(path, isNew ? Create : Update);
        }),
      makeFolder: async (path) =>
        await this.#takeTurn(async () => {
          await folder.makeFolder(path);
          this.#announce(path, Create);
        }),
      rename: async (from, to) =>
        await this.#takeTurn(async () => {
          for (const [, { save }] of this.#sharedUnder(from)) await save();
          await folder.rename(from, to);
          for (const path of [from, to]) this.#forgetUnder(path);
          this.#announce(from, Delete);
          this.#announce(to, Create);
        }),
      remove: async (path) =>
        await this.#takeTurn(async () => {
          await folder.remove(path);
          this.#forgetUnder(path);
          this.#announce(path, Delete);
        }),
    };
  }

  async #takeTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.#lastChange.then(change);
    this.#lastChange = turn.catch(() => undefined);
    await turn;
  }

  #sharedUnder(path: string): [string, SharedText][] {
    return [...this.#shared].filter(([known]) => known === path || known.startsWith(`${path}/`));
  }

  #forgetUnder(path: string): void {
    for (const [known, { forget }] of this.#sharedUnder(path)) {
      forget();
      this.#shared.delete(known);
      this.#gone.add(known);
    }
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
