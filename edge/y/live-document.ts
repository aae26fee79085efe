/**
 * A document with its members. y-websocket knows no acknowledgement, so this is what stands for one: an
 * update is applied at once, but relayed, and part of an answer to a state vector, only after its commit.
 * Whatever a member has seen of others is stored; whatever is not stored is still with its sender, whose
 * next connection brings it again. Presence is relayed at once and never stored.
 */
import { Doc, applyUpdate, decodeUpdate, encodeStateAsUpdate, encodeStateVector, mergeUpdates } from 'yjs';
import type { ErrorCode } from '#shared/errors.ts';
import type { StoredDocument } from '../store/document-store.ts';
import { Awareness } from './awareness.ts';
import { frameBinary } from '../frame.ts';
import { awarenessStateMaxBytes, uncommittedMaxBytes } from './limits.ts';
import type { Member } from './member.ts';
import {
  decodeMessage,
  encodeAnswerMessage,
  encodeAwarenessMessage,
  encodeStateVectorMessage,
  encodeUpdateMessage,
} from './message.ts';
import type { AwarenessEntry, ClientMessage } from './message.ts';
import { UpdateLog } from './update-log.ts';
import type { Commit, UpdateLogOptions } from './update-log.ts';

export interface LiveDocumentOptions extends Omit<
  UpdateLogOptions<Member>,
  'stored' | 'takeSnapshot' | 'onCommitted'
> {
  /** Bytes of updates that may wait in the document for others that they build on. */
  readonly pendingMaxBytes: number;
  /** Integrating an update failed half-way: what is in memory is good for nothing any more. */
  readonly onDamaged: (error: unknown) => void;
}

export class LiveDocument {
  readonly #options: LiveDocumentOptions;
  readonly #doc = new Doc();
  readonly #awareness = new Awareness<Member>();
  readonly #members = new Set<Member>();
  readonly #paused = new Set<Member>();
  readonly #log: UpdateLog<Member>;
  /** What the update that is being applied adds. */
  #added: Uint8Array[] = [];
  #isFlushScheduled = false;
  #isFrozen = false;
  #endedBy: ErrorCode | undefined;

  /** It is older than this edge's word of it. */
  readonly wasStored: boolean;

  /** Throws where the stored history cannot be applied. */
  constructor(stored: StoredDocument, options: LiveDocumentOptions) {
    this.#options = options;
    const history = stored.snapshot === undefined ? stored.updates : [stored.snapshot, ...stored.updates];
    this.wasStored = history.length > 0;
    if (history.length > 0) applyUpdate(this.#doc, mergeUpdates([...history]));
    this.#doc.on('update', (update: Uint8Array) => this.#added.push(update));
    this.#log = new UpdateLog<Member>({
      ...options,
      stored,
      takeSnapshot: () => encodeStateAsUpdate(this.#doc),
      onCommitted: (commit) => this.#relay(commit),
    });
  }

  get name(): string {
    return this.#options.ref.document;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  join(member: Member): void {
    // The session may have been dropped since the member got hold of the document.
    if (this.#endedBy !== undefined) return member.close(this.#endedBy);
    this.#members.add(member);
    member.onMessage((bytes) => this.#receive(member, bytes));
    member.send(encodeStateVectorMessage(encodeStateVector(this.#doc)));
    this.#sendAwareness(member);
  }

  leave(member: Member): void {
    this.#members.delete(member);
    this.#paused.delete(member);
    this.#awareness.leave(member);
    this.#scheduleFlush();
  }

  /** Takes no more updates: what comes from now on is for the next owner. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** Resolves when everything is in the store, as a snapshot; never rejects. */
  async finish(): Promise<void> {
    await this.#log.finish();
  }

  /** Closes the members and writes no more. */
  end(code: ErrorCode): void {
    this.#isFrozen = true;
    this.#endedBy = code;
    this.#log.end();
    for (const member of this.#members) member.close(code);
    this.#doc.destroy();
  }

  #receive(member: Member, bytes: Uint8Array | undefined): void {
    const message = bytes === undefined ? undefined : decodeMessage(bytes);
    if (message === undefined) member.refuse('message-malformed');
    else this.#handle(member, message);
  }

  #handle(member: Member, message: ClientMessage): void {
    switch (message.kind) {
      case 'state-vector':
        return this.#answer(member, message.bytes);
      case 'update':
        return this.#update(member, message.bytes);
      case 'awareness':
        return this.#hearAwareness(member, message.entries);
      case 'awareness-query':
        return this.#sendAwareness(member);
      case 'ignored':
        return undefined;
    }
  }

  #answer(member: Member, stateVector: Uint8Array): void {
    let update;
    try {
      update = encodeStateAsUpdate(this.#doc, stateVector);
    } catch {
      return member.refuse('message-malformed');
    }
    const answer = encodeAnswerMessage(update);
    // The document holds updates of which a power cut could leave nothing: wait for them.
    if (!this.#log.holdAnswer(member, answer)) member.send(answer);
  }

  #update(member: Member, update: Uint8Array): void {
    if (this.#isFrozen) return;
    try {
      // Yjs integrates as it reads: an update that is cut short must be found out before it is applied.
      decodeUpdate(update);
    } catch {
      return member.refuse('message-malformed');
    }
    this.#added = [];
    try {
      applyUpdate(this.#doc, update);
    } catch (error) {
      member.refuse('message-malformed');
      return this.#options.onDamaged(error);
    }
    for (const bytes of this.#added) this.#log.add({ bytes, sender: member });
    this.#boundPending(member);
    if (this.#log.waitingBytes <= uncommittedMaxBytes) return;
    this.#paused.add(member);
    member.pause();
  }

  /** Updates that build on what never comes would gather for ever; an honest client sends no such thing. */
  #boundPending(member: Member): void {
    const { store } = this.#doc;
    const bytes = (store.pendingStructs?.update.byteLength ?? 0) + (store.pendingDs?.byteLength ?? 0);
    if (bytes <= this.#options.pendingMaxBytes) return;
    store.pendingStructs = null;
    store.pendingDs = null;
    member.refuse('message-too-large');
  }

  #relay({ updates, answers }: Commit<Member>): void {
    this.#relayUpdates(updates);
    for (const [member, answer] of answers) member.send(answer);
    if (this.#log.waitingBytes > uncommittedMaxBytes) return;
    for (const member of this.#paused) member.resume();
    this.#paused.clear();
  }

  #hearAwareness(member: Member, entries: readonly AwarenessEntry[]): void {
    if (entries.some(({ state }) => Buffer.byteLength(state) > awarenessStateMaxBytes)) {
      return member.refuse('message-too-large');
    }
    const replies = this.#awareness.receive(member, entries);
    if (replies.length > 0) member.send(encodeAwarenessMessage(replies));
    this.#scheduleFlush();
  }

  #sendAwareness(member: Member): void {
    const { entries } = this.#awareness;
    if (entries.length > 0) member.send(encodeAwarenessMessage(entries));
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    setImmediate(() => {
      this.#isFlushScheduled = false;
      const changes = this.#awareness.takeChanges();
      if (changes.length > 0) this.#broadcast(encodeAwarenessMessage(changes));
    });
  }

  /** Framed and put together once for all who hear everything; a sender does not hear itself. */
  #relayUpdates(updates: Commit<Member>['updates']): void {
    const frames = updates.map(({ bytes }) => frameBinary(encodeUpdateMessage(bytes)));
    const senders = new Set(updates.map(({ sender }) => sender));
    const all = join(frames);
    for (const member of this.#members) {
      if (!senders.has(member)) {
        member.write(all, frames.length);
        continue;
      }
      const ofOthers = frames.filter((_, index) => updates[index]!.sender !== member);
      if (ofOthers.length > 0) member.write(join(ofOthers), ofOthers.length);
    }
  }

  #broadcast(message: Uint8Array): void {
    const frame = frameBinary(message);
    for (const member of this.#members) member.write(frame);
  }
}

function join(frames: readonly Buffer[]): Buffer {
  return frames.length === 1 ? frames[0]! : Buffer.concat(frames);
}
