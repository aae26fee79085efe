/**
 * The documents of a session and who is where in them: one Yjs document whose texts are named by their paths, as all clients of the
 * protocol share it. Outlives connections: what was typed without one is told when there is one again.
 */
import { OpenCollaborationYjsProvider } from 'open-collaboration-yjs';
import type {
  ClientAwareness,
  ClientTextSelection,
  ProtocolBroadcastConnection,
} from 'open-collaboration-protocol';
import { Awareness, removeAwarenessStates } from 'y-protocols/awareness';
import * as Y from 'yjs';

type Sync = ProtocolBroadcastConnection['sync'];
type Handlers = Record<'onDataUpdate' | 'onAwarenessUpdate' | 'onAwarenessQuery', unknown>;

/** What members say of themselves; editors tell no colour. */
export interface Presence extends ClientAwareness {
  readonly selection?: ClientTextSelection;
  readonly colour?: string;
  /** A host of our own says which texts it has put into the document, and which files it does not. */
  readonly host?: {
    readonly open?: Readonly<Record<string, boolean>>;
    readonly refused?: Readonly<Record<string, string>>;
  };
}

/** A message that nobody heard is healed after this, as in editors. */
const resyncMs = 10_000;

export class SharedDocuments {
  readonly doc = new Y.Doc();
  readonly awareness = new Awareness(this.doc);
  readonly #provider: OpenCollaborationYjsProvider;
  readonly #handlers: Partial<Handlers> = {};
  #sync: Sync | undefined;

  constructor() {
    this.awareness.setLocalState(null);
    const connection = { sync: this.#forwardingSync() } as unknown as ProtocolBroadcastConnection;
    this.#provider = new OpenCollaborationYjsProvider(connection, this.doc, this.awareness, {
      resyncTimer: resyncMs,
    });
  }

  /** From now on over this connection. */
  use({ sync }: ProtocolBroadcastConnection): void {
    this.#sync = sync;
    sync.onDataUpdate(this.#handlers.onDataUpdate as Parameters<Sync['onDataUpdate']>[0]);
    sync.onAwarenessUpdate(this.#handlers.onAwarenessUpdate as Parameters<Sync['onAwarenessUpdate']>[0]);
    sync.onAwarenessQuery(this.#handlers.onAwarenessQuery as Parameters<Sync['onAwarenessQuery']>[0]);
  }

  /** Tells the others what they miss, and asks for what is missing here. */
  resync(): void {
    this.#provider.connect();
  }

  text(path: string): Y.Text {
    return this.doc.getText(path);
  }

  /** True once the host has put the file's text in, even if it is empty by now. */
  hasContent(path: string): boolean {
    return (
      this.text(path)._start !== null || this.presences().some(({ host }) => host?.open?.[path] === true)
    );
  }

  /** Why the host does not share the file's text; undefined where it said nothing of it. */
  refusalOf(path: string): string | undefined {
    return this.presences().find(({ host }) => host?.refused?.[path] !== undefined)?.host?.refused?.[path];
  }

  presences(): Presence[] {
    return [...this.awareness.getStates()]
      .filter(([client]) => client !== this.doc.clientID)
      .map(([, state]) => state as Presence)
      .filter(({ peer }) => typeof peer === 'string');
  }

  forget(peer: string): void {
    const clients = [...this.awareness.getStates()]
      .filter(([client, state]) => client !== this.doc.clientID && (state as Presence).peer === peer)
      .map(([client]) => client);
    removeAwarenessStates(this.awareness, clients, 'member left');
  }

  close(): void {
    this.#sync = undefined;
    this.awareness.destroy();
    this.doc.destroy();
  }

  /** The library's provider knows one connection, and cannot be taken off a document: it gets one that leads to the present one. */
  #forwardingSync(): object {
    const tell =
      (name: 'dataUpdate' | 'awarenessUpdate' | 'awarenessQuery') =>
      (...parameters: unknown[]): void => {
        const send = this.#sync?.[name] as ((...all: unknown[]) => Promise<void>) | undefined;
        // What a connection that ends does not take is told by the next resync.
        send?.(...parameters).catch(() => undefined);
      };
    const keep = (name: keyof Handlers) => (handler: unknown) => (this.#handlers[name] = handler);
    return {
      dataUpdate: tell('dataUpdate'),
      awarenessUpdate: tell('awarenessUpdate'),
      awarenessQuery: tell('awarenessQuery'),
      onDataUpdate: keep('onDataUpdate'),
      onAwarenessUpdate: keep('onAwarenessUpdate'),
      onAwarenessQuery: keep('onAwarenessQuery'),
    };
  }
}
