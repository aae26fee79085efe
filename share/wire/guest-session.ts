/** A session of somebody else's, as a member without an editor takes part in it: its files, who is there, and its end. */
import { FileChangeEventType, FileType } from 'open-collaboration-protocol';
import type { Peer, ProtocolBroadcastConnection } from 'open-collaboration-protocol';
import type * as Y from 'yjs';
import type { EndReason, MemberView } from '../core/news.ts';
import type { Desk } from '../desk.ts';
import { FolderFault, readFault } from '../folder-fault.ts';
import type { EntryKind, Remote } from '../remote.ts';
import { farewellOf } from './farewell.ts';
import { openDocuments } from './member-documents.ts';
import type { MemberDocuments } from './member-documents.ts';
import { sayGoodbye } from './say-goodbye.ts';
import type { GuestConnection } from './session-client.ts';

type ChangeHandler = (path: string, kind: 'written' | 'deleted') => void;

/** A host that has not given the document by then gives none. */
const documentMaxMs = 10_000;
const lookIntervalMs = 50;
/** A request that was under way when an edge died has no answer; it is asked again. */
const triesMax = 5;
const retryMs = 1_000;

export class GuestSession implements Remote {
  readonly folder: string;
  readonly #host: Peer;
  readonly #desk: Desk;
  readonly #connection: ProtocolBroadcastConnection;
  readonly #documents: MemberDocuments;
  readonly #members = new Map<string, Peer>();
  readonly #greeted = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<EndReason>();
  readonly #handlers: ChangeHandler[] = [];
  /** Files that the host gave no document. */
  readonly #refusals = new Set<string>();
  #isReadOnly = false;
  #farewell: string | undefined;
  #isConnected = true;
  #isOver = false;

  constructor({ connection, host, workspace, refused }: GuestConnection, desk: Desk) {
    this.folder = workspace.folders[0] ?? workspace.name;
    this.#host = host;
    this.#desk = desk;
    this.#connection = connection;
    this.#listen();
    void refused.then((farewell) => this.#end('refused', farewell));
    this.#documents = openDocuments(connection, () => true);
    connection.peer.onInfo((_, self) => this.#documents.awareness.setLocalStateField('peer', self.id));
  }

  get ended(): Promise<EndReason> {
    return this.#ended.promise;
  }

  /** What was said of the end by those who ended it. */
  get farewell(): string | undefined {
    return this.#farewell;
  }

  get hostName(): string {
    return this.#host.name;
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  get doc(): Y.Doc {
    return this.#documents.doc;
  }

  get documents(): readonly string[] {
    return [...this.doc.share.keys()];
  }

  setConnected(isConnected: boolean): void {
    if (isConnected === this.#isConnected || this.#isOver) return;
    this.#isConnected = isConnected;
    this.#desk.tell({ event: isConnected ? 'line.back' : 'line.lost' });
    this.show();
  }

  /** Resolves when the host has greeted us: until then there is nothing to ask. */
  async ready(): Promise<void> {
    const over = this.#ended.promise.then(() =>
      Promise.reject(new Error(this.#farewell ?? 'the session ended')),
    );
    await Promise.race([this.#greeted.promise, over]);
  }

  show(files: { openFiles: number; unsaved: number } = { openFiles: 0, unsaved: 0 }): void {
    this.#desk.show({
      members: [...this.#members.values()].map(viewOf),
      isConnected: this.#isConnected,
      ...files,
    });
  }

  /** Resolves when what we said last has reached the host, or cannot. */
  async leave(): Promise<void> {
    if (!this.#isOver) {
      await this.stat(this.folder).catch(() => undefined);
      this.#isOver = true;
      await sayGoodbye(this.#connection, () => this.#isConnected);
    }
    this.#documents.dispose();
    this.#connection.dispose();
  }

  hasText(path: string): boolean {
    // A document that is there and empty has a history all the same.
    return this.doc.share.has(path) && this.doc.getText(path)._start !== null;
  }

  async openDocument(path: string): Promise<boolean> {
    const deadline = performance.now() + documentMaxMs;
    this.#refusals.delete(path);
    await this.#connection.editor.open(this.#host.id, path);
    const isEmpty = async (): Promise<boolean> => (await this.read(path)).length === 0;
    let looks = 0;
    while (performance.now() < deadline && !this.#isOver && !this.#refusals.has(path)) {
      if (this.hasText(path)) return true;
      looks += 1;
      if (looks % 10 === 0 && (await isEmpty())) return true;
      await new Promise((resolve) => setTimeout(resolve, lookIntervalMs));
    }
    return false;
  }

  async stat(path: string): Promise<{ readonly type: EntryKind }> {
    const { type } = await this.#ask(async () => await this.#connection.fs.stat(this.#host.id, path));
    return { type: kindOf(type) };
  }

  async list(path: string): Promise<ReadonlyMap<string, EntryKind>> {
    const listing = await this.#ask(async () => await this.#connection.fs.readdir(this.#host.id, path));
    return new Map(Object.entries(listing).map(([name, type]) => [name, kindOf(type)]));
  }

  async read(path: string): Promise<Uint8Array> {
    return (await this.#ask(async () => await this.#connection.fs.readFile(this.#host.id, path))).content;
  }

  async write(path: string, content: Uint8Array): Promise<void> {
    await this.#ask(async () => await this.#connection.fs.writeFile(this.#host.id, path, { content }));
  }

  async makeFolder(path: string): Promise<void> {
    await this.#ask(async () => await this.#connection.fs.mkdir(this.#host.id, path));
  }

  async remove(path: string): Promise<void> {
    try {
      await this.#ask(async () => await this.#connection.fs.delete(this.#host.id, path));
    } catch (error) {
      if (!(error instanceof FolderFault && error.code === 'ENOENT')) throw error;
    }
  }

  onChanged(handler: ChangeHandler): void {
    this.#handlers.push(handler);
  }

  #listen(): void {
    const { peer, room, fs, editor, chat } = this.#connection;
    this.#connection.onBroadcast(() => undefined);
    this.#connection.onNotification(() => undefined);
    peer.onInit((_, { host, guests, permissions }) => {
      this.#isReadOnly = permissions.readonly;
      for (const member of [host, ...guests]) this.#members.set(member.id, member);
      this.#greeted.resolve();
      this.show();
    });
    room.onPermissions((_, permissions) => {
      this.#isReadOnly = permissions.readonly;
    });
    room.onJoin((_, member) => this.#meet(member, 'member.joined'));
    room.onLeave((_, member) => this.#meet(member, 'member.left'));
    this.#connection.onBroadcast('room/closed', (_: string, info: unknown) => {
      this.#end('closed', farewellOf(info));
    });
    this.#connection.onDisconnect(() => this.#end('lost'));
    fs.onChange((_, { changes }) => {
      for (const { type, path } of changes)
        for (const handler of this.#handlers)
          handler(path, type === FileChangeEventType.Delete ? 'deleted' : 'written');
    });
    editor.onClose((_, path) => {
      this.#refusals.add(path);
    });
    chat.onMessage((from, text, isDirect) =>
      this.#desk.tell({
        event: 'chat.said',
        from: this.#members.get(from)?.name ?? 'somebody',
        text,
        isDirect,
      }),
    );
  }

  #meet(member: Peer, event: 'member.joined' | 'member.left'): void {
    if (event === 'member.joined') this.#members.set(member.id, member);
    else this.#members.delete(member.id);
    this.#desk.tell({ event, ...viewOf(member) });
    this.show();
  }

  #end(reason: EndReason, farewell?: string): void {
    this.#isOver = true;
    this.#farewell ??= farewell;
    this.#ended.resolve(reason);
  }

  async #ask<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        const fault = readFault(error);
        if (fault !== undefined) throw fault;
        if (tries >= triesMax || this.#isOver)
          throw new FolderFault('EIO', 'the host does not answer', error);
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }
}

/** A link to a folder is a folder: editors say so by a second bit. */
function kindOf(type: number): EntryKind {
  const folderBit: number = FileType.Directory;
  return (type & folderBit) === folderBit ? 'folder' : 'file';
}

function viewOf({ id, name, email, host }: Peer): MemberView {
  return { id, name, email, isHost: host };
}
