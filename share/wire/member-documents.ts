/**
 * The documents of a session as a member has them: one Y.Doc with a text for each file, awareness beside it, both carried by
 * the provider that editors use. What members send who may only read is not taken.
 */
import { EventEmitter } from 'node:events';
import { OpenCollaborationYjsProvider } from 'open-collaboration-yjs';
import type { ProtocolBroadcastConnection } from 'open-collaboration-protocol';
import { Awareness } from 'y-protocols/awareness';
import { createEncoder, toUint8Array } from 'lib0/encoding';
import { messageYjsSyncStep1, messageYjsSyncStep2, writeSyncStep1 } from 'y-protocols/sync';
import * as Y from 'yjs';

/** Lost updates are found out at the latest by this, as with other clients. */
const resyncIntervalMs = 10_000;

export interface MemberDocuments {
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  /** Resolves when each of these members has told all that it had typed when it was asked, or has had its time. */
  gather(members: readonly string[], maxMs: number): Promise<void>;
  dispose(): void;
}

export function openDocuments(
  connection: ProtocolBroadcastConnection,
  mayEdit: (member: string) => boolean,
): MemberDocuments {
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  const answers = new EventEmitter();
  const guarded = guard(connection, mayEdit, (member) => answers.emit('answer', member));
  const provider = new OpenCollaborationYjsProvider(guarded, doc, awareness, {
    resyncTimer: resyncIntervalMs,
  });
  provider.connect();
  connection.onReconnect(() => provider.connect());
  return {
    doc,
    awareness,
    gather: async (members, maxMs) => {
      const missing = new Set(members);
      if (missing.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const onAnswer = (member: string): void => {
        missing.delete(member);
        if (missing.size === 0) resolve();
      };
      answers.on('answer', onAnswer);
      const timer = setTimeout(resolve, maxMs);
      const encoder = createEncoder();
      writeSyncStep1(encoder, doc);
      void connection.sync.dataUpdate(toUint8Array(encoder)).catch(resolve);
      await promise;
      clearTimeout(timer);
      answers.off('answer', onAnswer);
    },
    dispose: () => {
      provider.dispose();
      awareness.destroy();
      doc.destroy();
    },
  };
}

/**
 * The same connection, with edits of some members left out; their questions for what others have are answered. Where others
 * have their carets is nothing to us: a guest may say it of any number of members, and we would keep it and say it again.
 */
function guard(
  connection: ProtocolBroadcastConnection,
  mayEdit: (member: string) => boolean,
  onAnswer: (member: string) => void,
): ProtocolBroadcastConnection {
  const { sync } = connection;
  const guarded: ProtocolBroadcastConnection['sync'] = {
    ...sync,
    onDataUpdate: (handler) =>
      sync.onDataUpdate((origin, update) => {
        if (update[0] === messageYjsSyncStep1 || mayEdit(origin)) void handler(origin, update);
        if (update[0] === messageYjsSyncStep2) onAnswer(origin);
      }),
    onAwarenessUpdate: () => undefined,
  };
  return Object.create(connection, { sync: { value: guarded } }) as ProtocolBroadcastConnection;
}
