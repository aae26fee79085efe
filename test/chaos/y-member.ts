/**
 * A member of a document who writes all the time: an unmodified y-websocket provider, with its own back-off. Each edit is
 * a word of its own in a list, so that an edit that is lost or comes twice shows.
 */
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import { WebsocketProvider as WebsocketProvider2 } from 'y-websocket-2';
import * as Y from 'yjs';
import type { YRelease } from '../support/y-document.ts';
import { nowMs } from './history.ts';
import type { Pen } from './history.ts';
import type { Newness } from './newness.ts';

export interface YMemberOptions {
  readonly url: string;
  readonly name: string;
  readonly key: string;
  readonly document: string;
  readonly release: YRelease;
  readonly pen: Pen;
  readonly newness: Newness;
}

export class YMember {
  readonly name: string;
  readonly key: string;
  readonly document: string;
  /** When the newest was written of all that this member has read of others. */
  newestReadAt = -Infinity;
  readonly #options: YMemberOptions;
  readonly #doc = new Y.Doc();
  readonly #edits: Y.Array<string>;
  readonly #provider: WebsocketProvider;
  #written = 0;
  #writing: NodeJS.Timeout | undefined;

  constructor(options: YMemberOptions) {
    this.#options = options;
    const { url, name, key, document, release } = options;
    this.name = name;
    this.key = key;
    this.document = document;
    this.#edits = this.#doc.getArray<string>('edits');
    this.#edits.observe(({ changes }, { local }) => {
      if (!local) this.#read(changes.delta.flatMap(({ insert }) => (insert as string[] | undefined) ?? []));
    });
    const Provider =
      release === '3' ? WebsocketProvider : (WebsocketProvider2 as unknown as typeof WebsocketProvider);
    this.#provider = new Provider(`${url.replace('http', 'ws')}/y/${key}`, document, this.#doc, {
      WebSocketPolyfill: WebSocket as never,
      disableBc: true,
    });
  }

  get isSynced(): boolean {
    return this.#provider.synced;
  }

  get edits(): readonly string[] {
    return this.#edits.toArray();
  }

  startWriting(intervalMs: number): void {
    this.#writing ??= setInterval(() => this.write(), intervalMs);
  }

  stopWriting(): void {
    clearInterval(this.#writing);
    this.#writing = undefined;
  }

  write(): void {
    const { name, key, document, pen, newness } = this.#options;
    const edit = `${name}:${++this.#written}`;
    pen({ kind: 'wrote', member: name, key, document, edit });
    newness.note(`${key}/${edit}`, nowMs());
    this.#edits.push([edit]);
  }

  leave(): void {
    this.stopWriting();
    this.#provider.destroy();
    this.#doc.destroy();
  }

  #read(edits: readonly string[]): void {
    if (edits.length === 0) return;
    const { name, key, document, pen, newness } = this.#options;
    pen({ kind: 'read', member: name, key, document, edits });
    for (const edit of edits) {
      this.newestReadAt = Math.max(this.newestReadAt, newness.sentAt(`${key}/${edit}`));
    }
  }
}
