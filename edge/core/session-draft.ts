/**
 * The next state of a session while one command is applied: copies a map at its first change, collects the
 * effects, and is the one place that decides between sending a message and keeping it for a member's return.
 */
import type { Effect } from './session-command.ts';
import type {
  ConnectionId,
  JoinId,
  JoinRequest,
  Member,
  MemberId,
  Outgoing,
  PendingRequest,
  RelayId,
  SessionLimits,
  SessionState,
} from './session-state.ts';

/** Messages that may wait for one member who is away; some 25 s of a lively session. */
export const waitingMaxMessages = 4_096;
/** What a message weighs besides its content: envelope, wrapped key or a member's public key. */
const envelopeBytes = 2_048;

export class SessionDraft {
  readonly nowMs: number;
  readonly limits: SessionLimits;
  readonly effects: Effect[] = [];
  readonly members: CopyOnWriteMap<MemberId, Member>;
  readonly connections: CopyOnWriteMap<ConnectionId, MemberId>;
  readonly requests: CopyOnWriteMap<RelayId, PendingRequest>;
  readonly joins: CopyOnWriteMap<JoinId, JoinRequest>;
  /** Members for whom more waits than may; `dropOverflowed` takes them out when the command is done. */
  readonly overflowed = new Set<MemberId>();
  clock: number;
  hostDueMs: number | undefined;
  hasEnded = false;
  readonly #birth: number;

  constructor(state: SessionState, nowMs: number) {
    this.nowMs = nowMs;
    this.limits = state.limits;
    this.members = new CopyOnWriteMap(state.members);
    this.connections = new CopyOnWriteMap(state.connections);
    this.requests = new CopyOnWriteMap(state.requests);
    this.joins = new CopyOnWriteMap(state.joins);
    this.clock = state.clock;
    this.hostDueMs = state.hostDueMs;
    this.#birth = state.birth;
  }

  toState(): SessionState {
    return {
      limits: this.limits,
      birth: this.#birth,
      clock: this.clock,
      hasEnded: this.hasEnded,
      hostDueMs: this.hostDueMs,
      members: this.members.view,
      connections: this.connections.view,
      requests: this.requests.view,
      joins: this.joins.view,
    };
  }

  /** The member behind a connection; undefined once it was replaced, expelled or closed. */
  memberOf(connection: ConnectionId): Member | undefined {
    const id = this.connections.view.get(connection);
    return id === undefined ? undefined : this.members.view.get(id);
  }

  get host(): Member | undefined {
    for (const member of this.members.view.values()) if (member.profile.isHost) return member;
    return undefined;
  }

  /** Sends to a member, or keeps the message while the member is away; nobody else gets it. */
  deliver(to: MemberId, message: Outgoing): void {
    const member = this.members.view.get(to);
    if (member === undefined) return;
    const { presence, profile } = member;
    if (presence.kind === 'connected') {
      this.effects.push({ kind: 'send', connection: presence.connection, to, message });
      return;
    }
    const waiting = [...presence.waiting, message];
    const waitingBytes = presence.waitingBytes + weigh(message);
    if (waiting.length > waitingMaxMessages || waitingBytes > this.limits.waitingMaxBytes) {
      this.overflowed.add(to);
      return;
    }
    this.members.set(to, { profile, presence: { ...presence, waiting, waitingBytes } });
  }

  deliverToOthers(except: MemberId, message: Outgoing): void {
    for (const id of this.members.view.keys()) {
      if (id !== except) this.deliver(id, message);
    }
  }
}

class CopyOnWriteMap<K, V> {
  readonly #source: ReadonlyMap<K, V>;
  #copy: Map<K, V> | undefined;

  constructor(source: ReadonlyMap<K, V>) {
    this.#source = source;
  }

  get view(): ReadonlyMap<K, V> {
    return this.#copy ?? this.#source;
  }

  set(key: K, value: V): void {
    this.#writable().set(key, value);
  }

  delete(key: K): void {
    if (this.view.has(key)) this.#writable().delete(key);
  }

  clear(): void {
    this.#copy = new Map();
  }

  #writable(): Map<K, V> {
    this.#copy ??= new Map(this.#source);
    return this.#copy;
  }
}

function weigh(message: Outgoing): number {
  return envelopeBytes + ('sealed' in message ? message.sealed.content.byteLength : 0);
}
