/** What members say to each other in words. Nothing is kept: who comes later has not heard it. */
import type { ProtocolBroadcastConnection } from 'open-collaboration-protocol';
import type { Store } from '../store.ts';
import type { SessionView } from './session-view.ts';

const linesMax = 500;
const textMax = 10_000;
const writingShownMs = 3_000;
const tellWritingMs = 2_000;

export class Chat {
  readonly #store: Store<SessionView>;
  readonly #connection: () => ProtocolBroadcastConnection | undefined;
  readonly #writing = new Map<string, ReturnType<typeof setTimeout>>();
  #lastId = 0;
  #toldWritingAtMs = -Infinity;
  #isShown = false;

  constructor(store: Store<SessionView>, connection: () => ProtocolBroadcastConnection | undefined) {
    this.#store = store;
    this.#connection = connection;
  }

  hear(connection: ProtocolBroadcastConnection): void {
    connection.chat.onMessage((from, text, isDirect) => this.#add(from, text, isDirect));
    connection.chat.onIsWriting((from) => this.#noteWriting(from));
  }

  say(text: string): void {
    const connection = this.#connection();
    const { self } = this.#store.value;
    if (connection === undefined || self === undefined || text.trim() === '') return;
    // Without a connection it waits in the library until there is one.
    connection.chat.sendMessage(text.slice(0, textMax)).catch(() => undefined);
    this.#add(self.id, text, false);
  }

  noteTyping(): void {
    if (performance.now() - this.#toldWritingAtMs < tellWritingMs) return;
    this.#toldWritingAtMs = performance.now();
    this.#connection()
      ?.chat.isWriting()
      .catch(() => undefined);
  }

  show(isShown: boolean): void {
    this.#isShown = isShown;
    if (isShown && this.#store.value.unread > 0) this.#store.set({ unread: 0 });
  }

  #add(from: string, text: string, isDirect: boolean): void {
    const { chat, members, self, unread } = this.#store.value;
    const name = [...members, ...(self === undefined ? [] : [self])].find(({ id }) => id === from)?.name;
    const line = {
      id: ++this.#lastId,
      from,
      name: name ?? 'The server',
      text: text.slice(0, textMax),
      isDirect,
    };
    this.#forgetWriting(from);
    const isUnread = !this.#isShown && from !== self?.id;
    this.#store.set({ chat: [...chat, line].slice(-linesMax), unread: isUnread ? unread + 1 : unread });
  }

  #noteWriting(from: string): void {
    clearTimeout(this.#writing.get(from));
    this.#writing.set(
      from,
      setTimeout(() => this.#forgetWriting(from), writingShownMs),
    );
    this.#store.set({ writing: [...this.#writing.keys()] });
  }

  #forgetWriting(from: string): void {
    clearTimeout(this.#writing.get(from));
    if (this.#writing.delete(from)) this.#store.set({ writing: [...this.#writing.keys()] });
  }
}
