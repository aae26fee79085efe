/**
 * One member's part in a session: the connection and what is heard over it. The library gives a connection up when it was away for
 * 30 s; the page then makes another one with the same ticket, as the same member, and goes on with the same documents.
 */
import { FileChangeEventType } from 'open-collaboration-protocol';
import type { FileChange, InitData, Peer, ProtocolBroadcastConnection } from 'open-collaboration-protocol';
import type { Socket } from 'socket.io-client';
import { describeFault } from '../link/describe-fault.ts';
import { connectMember } from '../link/entry.ts';
import { epochOf, openTransport } from '../link/transport.ts';
import { baseOf, dropTicket } from '../place.ts';
import type { Profile, Ticket } from '../place.ts';
import { Store } from '../store.ts';
import { Chat } from './chat.ts';
import { FileTree } from './file-tree.ts';
import { Follower } from './follower.ts';
import { hostsFolder } from './folder.ts';
import type { SharedFolder } from './folder.ts';
import type { HostDuty } from './host-duty.ts';
import { OpenFiles } from './open-files.ts';
import type { SessionView } from './session-view.ts';
import { SharedDocuments } from './shared-documents.ts';

interface SessionOptions {
  readonly ticket: Ticket;
  readonly profile: Profile;
  /** Of a host alone. */
  readonly duty: HostDuty | undefined;
  readonly tell: (text: string, isFault?: boolean) => void;
}

const retryAfterMs = 2_000;

export class Session {
  readonly store: Store<SessionView>;
  readonly documents = new SharedDocuments();
  readonly tree: FileTree;
  readonly files: OpenFiles;
  readonly chat: Chat;
  readonly follower: Follower;
  readonly tell: SessionOptions['tell'];
  readonly #options: SessionOptions;
  readonly #folder: SharedFolder;
  #connection: ProtocolBroadcastConnection | undefined;
  /** What this member has decided by itself. */
  #farewell: string | undefined;

  constructor(options: SessionOptions) {
    const { ticket, duty } = options;
    this.#options = options;
    this.tell = options.tell;
    this.store = new Store<SessionView>({
      key: ticket.key,
      self: undefined,
      members: [],
      workspace: ticket.workspace,
      isReadOnly: false,
      link: { state: 'connecting', edge: undefined, epoch: undefined, returns: 0 },
      chat: [],
      unread: 0,
      writing: [],
      questions: [],
      following: undefined,
      end: undefined,
    });
    const folder = duty?.folder ?? hostsFolder(() => this.#reachable(), ticket.host!.id);
    this.#folder = folder;
    this.tree = new FileTree(folder);
    this.files = new OpenFiles({
      folder,
      documents: this.documents,
      askForText: (path, picture) => {
        if (duty !== undefined) duty.shareText(this, path, picture);
        else this.#connection?.editor.open(ticket.host!.id, path).catch(() => undefined);
      },
    });
    this.chat = new Chat(this.store, () => this.#connection);
    this.follower = new Follower(this);
  }

  get isHost(): boolean {
    return this.#options.duty !== undefined;
  }

  get mayWrite(): boolean {
    return this.isHost || !this.store.value.isReadOnly;
  }

  /** Of a host: whether its guests may only read. */
  setReadOnly(isReadOnly: boolean): void {
    this.store.set({ isReadOnly });
    this.#connection?.room.updatePermissions({ readonly: isReadOnly }).catch(() => undefined);
  }

  /** Until the session ends: connects, and again when a connection is given up. */
  async run(): Promise<void> {
    while (this.store.value.end === undefined) {
      try {
        const connection = connectMember(this.#options.ticket, this.#transport());
        this.#connection = connection;
        this.#hear(connection);
        await new Promise<void>((resolve) => void connection.onDisconnect(() => resolve()));
      } catch {
        // The server is not there: it is asked again.
      }
      if (this.store.value.end !== undefined) return;
      this.#setLink({ state: 'away' });
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
    }
  }

  /** To where this member wants to be, which is not after somebody else. */
  go(path: string): void {
    this.follower.stop();
    void this.files.open(path);
  }

  /** Has the host write the text to its disk now. */
  async save(path: string): Promise<void> {
    const { tell } = this.#options;
    if (!this.mayWrite) return tell('This session is read-only for you.');
    try {
      await this.#folder.write(path, new TextEncoder().encode(this.documents.text(path).toJSON()));
      tell(`${path} is saved.`);
    } catch (error) {
      tell(`${path} could not be saved: ${describeFault(error)}`, true);
    }
  }

  /** By the host, who may refuse; what is open under another name by then is opened under that. */
  async changeFiles(
    action: 'file' | 'folder' | 'rename' | 'remove',
    path: string,
    to: string,
  ): Promise<void> {
    const { files, tree } = this;
    const folder = this.#folder;
    if (action === 'file') {
      // An empty file over one that is there would be its end.
      if (await isThere(folder, to)) throw new Error(`${to} is there already.`);
      await folder.write(to, new Uint8Array());
    } else if (action === 'folder') await folder.makeFolder(to);
    else if (action === 'rename') await folder.rename(path, to);
    else await folder.remove(path);
    const isGone = action === 'rename' || action === 'remove';
    const open = isGone ? files.closeUnder(path) : [];
    await tree.refresh(isGone ? [path, to] : [to]);
    if (action === 'file') await files.open(to);
    if (action === 'rename') for (const old of open) await files.open(to + old.slice(path.length));
  }

  /** What the host says of its disk, to itself, too. */
  noteChanges(changes: readonly FileChange[]): void {
    void this.tree.refresh(changes.map(({ path }) => path));
    const { Delete } = FileChangeEventType;
    void this.files.note(changes.map(({ path, type }) => ({ path, isGone: type === Delete })));
  }

  async leave(): Promise<void> {
    // The server closes the connection of whoever leaves: that is no other end.
    this.#farewell = this.isHost ? 'You have ended the session.' : 'You have left the session.';
    // A moment for the word to go out; where there is no connection the server notices by itself.
    const isSaid = this.#connection?.room.leave().catch(() => undefined);
    await Promise.race([isSaid, new Promise((resolve) => setTimeout(resolve, 1_000))]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    this.end(this.#farewell);
  }

  end(reason: string): void {
    if (this.store.value.end !== undefined) return;
    this.store.set({ end: this.#farewell ?? reason, following: undefined, questions: [] });
    this.#setLink({ state: 'over' });
    dropTicket(this.#options.ticket.key);
    this.follower.close();
    this.files.closeUnready();
    // The texts stay for whoever wants to copy them.
    this.documents.close();
    this.#connection?.dispose();
  }

  #transport(): ReturnType<typeof openTransport> {
    return openTransport({
      onUp: (socket) => void this.#noteUp(socket),
      onDown: () => this.#setLink({ state: 'away' }),
      onRefused: (message) => this.end(message ?? 'The server has ended the connection.'),
    });
  }

  #hear(connection: ProtocolBroadcastConnection): void {
    const { duty, tell } = this.#options;
    this.documents.use(connection);
    connection.peer.onInfo((_origin, self) => this.#introduce(self));
    connection.peer.onInit((_origin, greeting) => void this.#greet(greeting));
    connection.room.onJoin((_origin, peer) => this.#noteJoin(peer));
    connection.room.onLeave((_origin, peer) => this.#noteLeave(peer));
    connection.room.onPermissions((_origin, { readonly }) => this.store.set({ isReadOnly: readonly }));
    // The library's own handler keeps the reason to itself.
    connection.onBroadcast('room/closed', (_origin: string, info?: { message?: string }) =>
      this.end(info?.message ?? 'The session has ended.'),
    );
    connection.onError((message) => tell(message, true));
    connection.onReconnect(() => this.documents.resync());
    connection.fs.onChange((_origin, { changes }) => this.noteChanges(changes));
    connection.editor.onClose(() => undefined);
    this.chat.hear(connection);
    duty?.serve(connection, this);
  }

  #introduce(self: Peer): void {
    this.store.set({ self });
    const { colour } = this.#options.profile;
    this.documents.awareness.setLocalState({
      ...this.documents.awareness.getLocalState(),
      peer: self.id,
      colour,
    });
    if (!this.isHost) return;
    this.documents.resync();
    void this.#showTree();
  }

  async #greet({ host, guests, permissions, workspace }: InitData): Promise<void> {
    const { self } = this.store.value;
    const members = [host, ...guests].filter(({ id }) => id !== self?.id);
    this.store.set({ members, isReadOnly: permissions.readonly, workspace });
    this.documents.resync();
    await this.#showTree();
  }

  async #showTree(): Promise<void> {
    const { workspace } = this.store.value;
    if (this.tree.store.value.roots.join('/') !== workspace.folders.join('/'))
      await this.tree.show(workspace.folders);
  }

  #noteJoin(peer: Peer): void {
    const { members } = this.store.value;
    const isKnown = members.some(({ id }) => id === peer.id);
    this.store.set({ members: [...members.filter(({ id }) => id !== peer.id), peer] });
    this.#options.duty?.greet(this.#reachable(), this, peer);
    if (!isKnown) this.#options.tell(`${peer.name} is here.`);
  }

  #noteLeave(peer: Peer): void {
    const { members, following } = this.store.value;
    this.store.set({ members: members.filter(({ id }) => id !== peer.id) });
    this.documents.forget(peer.id);
    if (following === peer.id) this.follower.stop();
    this.#options.tell(`${peer.name} has left.`);
  }

  /** Asks where the session is by now: it may be with another edge. */
  async #noteUp(socket: Socket): Promise<void> {
    const before = this.store.value.link;
    this.#setLink({ state: 'up', returns: before.returns + (before.state === 'away' ? 1 : 0) });
    try {
      const answer = await fetch(`${baseOf(this.#options.ticket.key)}ct-health/`);
      if (!answer.ok) return;
      const { edge, epoch } = (await answer.json()) as { edge: string; epoch?: number };
      this.#setLink({ edge, epoch: epoch === undefined ? epochOf(socket) : String(epoch) });
      if (before.edge !== undefined && before.edge !== edge)
        this.#options.tell(
          `The session went on from ${before.edge} to ${edge}. What you typed meanwhile is in.`,
        );
    } catch {
      // It is asked when the connection is back.
    }
  }

  #setLink(more: Partial<SessionView['link']>): void {
    const { link } = this.store.value;
    if (link.state === 'over') return;
    this.store.set({ link: { ...link, ...more } });
  }

  #reachable(): ProtocolBroadcastConnection {
    if (this.#connection === undefined) throw new Error('There is no connection yet.');
    return this.#connection;
  }
}

async function isThere(folder: SharedFolder, path: string): Promise<boolean> {
  try {
    await folder.size(path);
    return true;
  } catch {
    return false;
  }
}
