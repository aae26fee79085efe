/**
 * A session whose files are a folder of this machine: lets guests in, greets them, answers for the files, and ends the
 * session with everything written back.
 */
import { FileChangeEventType, VERSION } from 'open-collaboration-protocol';
import type {
  FileChange,
  Peer,
  ProtocolBroadcastConnection,
  User,
  Workspace,
} from 'open-collaboration-protocol';
import { chooseGuest } from '../core/guest-choice.ts';
import type { GuestRules } from '../core/guest-choice.ts';
import { writeMemberPath } from '../core/member-path.ts';
import type { EndReason, FileNews, MemberView } from '../core/news.ts';
import type { Desk } from '../desk.ts';
import { FolderWatch } from '../folder-watch.ts';
import type { ChangeKind, EntryChange } from '../folder-watch.ts';
import { SharedFiles } from '../shared-files.ts';
import type { SharedFolder } from '../shared-folder.ts';
import { farewellOf } from './farewell.ts';
import { openDocuments } from './member-documents.ts';
import type { MemberDocuments } from './member-documents.ts';
import { answerRequests } from './member-requests.ts';
import type { SessionConnection } from './session-client.ts';
import { sayGoodbye } from './say-goodbye.ts';

export interface HostOptions {
  readonly session: SessionConnection;
  readonly folder: SharedFolder;
  readonly guests: GuestRules;
  readonly desk: Desk;
}

const changeTypes: Readonly<Record<ChangeKind, FileChangeEventType>> = {
  created: FileChangeEventType.Create,
  updated: FileChangeEventType.Update,
  deleted: FileChangeEventType.Delete,
};
/** Of an operating system's usual 8,192 or more. */
const watchersMax = 2_000;
/** Files that members are told have no document: those asked for last. */
const refusedMax = 100;
/** For what members have typed and is still on its way. */
const gatherMaxMs = 1_500;

export class HostSession {
  readonly #options: HostOptions;
  readonly #connection: ProtocolBroadcastConnection;
  readonly #documents: MemberDocuments;
  readonly #files: SharedFiles;
  readonly #watch: FolderWatch;
  readonly #workspace: Workspace;
  readonly #self = Promise.withResolvers<Peer>();
  readonly #guests = new Map<string, Peer>();
  readonly #refused = new Map<string, string>();
  readonly #ended = Promise.withResolvers<EndReason>();
  #farewell: string | undefined;
  #isConnected = true;
  #isClosing = false;

  constructor(options: HostOptions) {
    const { session, folder } = options;
    this.#options = options;
    this.#connection = session.connection;
    this.#workspace = { name: folder.name, folders: [folder.name] };
    this.#meetGuests();
    this.#documents = openDocuments(this.#connection, () => !folder.isReadOnly);
    this.#files = new SharedFiles({
      folder,
      doc: this.#documents.doc,
      origin: this,
      tell: (news) => this.#tellFile(news),
    });
    this.#watch = new FolderWatch((changes) => void this.#onDiskChange(changes), watchersMax);
    answerRequests({
      connection: this.#connection,
      folder,
      files: this.#files,
      watch: this.#watch,
      roomToSend: session.roomToSend,
      tell: (news) => options.desk.tell({ ...news, by: this.#nameOf(news.by) }),
      onRefused: (path, reason) => {
        this.#refuse(path, reason);
      },
    });
    this.#connection.onDisconnect(() => this.#ended.resolve('lost'));
    void session.refused.then((farewell) => this.#end('refused', farewell));
    void this.#self.promise.then(({ id }) => {
      this.#documents.awareness.setLocalStateField('peer', id);
      this.#publish();
    });
  }

  /** When the session is over, whoever ended it. */
  get ended(): Promise<EndReason> {
    return this.#ended.promise;
  }

  /** What was said of the end by those who ended it. */
  get farewell(): string | undefined {
    return this.#farewell;
  }

  /** The socket is there, or is away for now. */
  setConnected(isConnected: boolean): void {
    if (isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    if (this.#isClosing) return;
    this.#options.desk.tell({ event: isConnected ? 'line.back' : 'line.lost' });
    this.#publish();
  }

  /** Resolves when the server has introduced us: from now on people can join. */
  async ready(): Promise<void> {
    await Promise.race([
      this.#self.promise,
      this.#ended.promise.then(() =>
        Promise.reject(new Error(this.#farewell ?? 'the session ended before it began')),
      ),
    ]);
  }

  get unsaved(): readonly string[] {
    return this.#files.unsaved;
  }

  /** Writes everything back and leaves; returns what could not be written. */
  async close(reason: EndReason): Promise<readonly { path: string; reason: string }[]> {
    this.#ended.resolve(reason);
    if (reason === 'left' && this.#isConnected)
      await this.#documents.gather([...this.#guests.keys()], gatherMaxMs);
    const failed = await this.#files.close();
    this.#watch.close();
    this.#isClosing = true;
    if (reason === 'left') await sayGoodbye(this.#connection, () => this.#isConnected);
    this.#documents.dispose();
    this.#connection.dispose();
    return failed;
  }

  #meetGuests(): void {
    const { peer, room, chat } = this.#connection;
    peer.onInfo((_, self) => this.#self.resolve(self));
    peer.onJoinRequest(async (_, user) =>
      (await this.#admits(user)) ? { workspace: this.#workspace } : undefined,
    );
    room.onJoin((_, guest) => void this.#greet(guest).catch(() => undefined));
    room.onLeave((_, guest) => this.#part(guest));
    this.#connection.onBroadcast('room/closed', (_: string, info: unknown) => {
      this.#end('closed', farewellOf(info));
    });
    chat.onMessage((from, text, isDirect) =>
      this.#options.desk.tell({ event: 'chat.said', from: this.#nameOf(from), text, isDirect }),
    );
    // What editors say besides is nothing to a host without a screen; the library would complain of it on standard error.
    this.#connection.onBroadcast(() => undefined);
    this.#connection.onNotification(() => undefined);
  }

  #end(reason: EndReason, farewell: string | undefined): void {
    this.#farewell ??= farewell;
    this.#ended.resolve(reason);
  }

  async #admits({ name, email, authProvider }: User): Promise<boolean> {
    const { desk, guests } = this.#options;
    const applicant = { name, email, login: authProvider };
    const choice = chooseGuest(guests, applicant);
    const admits = choice === 'admit' || (choice === 'ask' && (await desk.ask(applicant)));
    desk.tell({ event: admits ? 'guest.admitted' : 'guest.refused', ...applicant });
    return admits;
  }

  async #greet(guest: Peer): Promise<void> {
    const host = await this.#self.promise;
    const guests = [...this.#guests.values()].filter(({ id }) => id !== guest.id);
    this.#guests.set(guest.id, guest);
    this.#options.desk.tell({ event: 'member.joined', ...viewOf(guest) });
    this.#publish();
    await this.#connection.peer.init(guest.id, {
      protocol: VERSION,
      host,
      guests,
      permissions: { readonly: this.#options.folder.isReadOnly },
      capabilities: {},
      workspace: this.#workspace,
    });
  }

  #part(guest: Peer): void {
    if (!this.#guests.delete(guest.id)) return;
    this.#files.leave(guest.id);
    this.#options.desk.tell({ event: 'member.left', ...viewOf(guest) });
    this.#publish();
  }

  async #onDiskChange(changes: readonly EntryChange[]): Promise<void> {
    const { folder } = this.#options;
    const told: FileChange[] = [];
    for (const { kind, names } of changes) {
      const path = writeMemberPath(names, folder.name);
      if (this.#files.has(path)) {
        await this.#files.look(path);
        // Its document has told everybody.
        if (kind === 'updated') continue;
      }
      // What is gone cannot be looked at; whoever was told of it before may hear that.
      if ((await folder.find(path).catch(() => undefined)) !== undefined)
        told.push({ type: changeTypes[kind], path });
    }
    if (told.length > 0) await this.#connection.fs.change({ changes: told });
  }

  #refuse(path: string, reason: string): void {
    this.#refused.delete(path);
    this.#refused.set(path, reason);
    const [oldest] = this.#refused.keys();
    if (this.#refused.size > refusedMax) this.#refused.delete(oldest!);
    this.#publish();
  }

  #tellFile(news: FileNews): void {
    if (news.event === 'file.opened') this.#refused.delete(news.path);
    this.#options.desk.tell(news);
    this.#publish();
  }

  /** Tells members what they cannot ask for, in words that other clients leave alone; and the host what is true now. */
  #publish(): void {
    const { awareness } = this.#documents;
    const [open, unsaved] = [this.#files.paths, this.#files.unsaved];
    awareness.setLocalStateField('host', {
      open: Object.fromEntries(open.map((path) => [path, true])),
      refused: Object.fromEntries(this.#refused),
      unsaved,
    });
    const members = [...this.#guests.values()].map(viewOf);
    this.#options.desk.show({
      members,
      isConnected: this.#isConnected,
      openFiles: open.length,
      unsaved: unsaved.length,
    });
  }

  #nameOf(id: string): string {
    return this.#guests.get(id)?.name ?? 'somebody';
  }
}

function viewOf({ id, name, email, host }: Peer): MemberView {
  return { id, name, email, isHost: host };
}
