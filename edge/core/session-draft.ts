/**
 * The next state of a session while one command is applied: copies a map at its first change, collects the
 * effects, and is the one place where a message gets into a member's outbox and, if it can, to its connection.
 */
import type { Epoch } from '#shared/ids.ts';
import { keepApart, weigh } from './kept-message.ts';
import { formatOffset, pushMessage } from './outbox.ts';
import type { Effect } from './session-command.ts';
import type { SessionLife } from './session-life.ts';
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

export class SessionDraft {
  readonly nowMs: number;
  readonly limits: SessionLimits;
  readonly effects: Effect[] = [];
  readonly members: CopyOnWriteMap<MemberId, Member>;
  readonly connections: CopyOnWriteMap<ConnectionId, MemberId>;
  readonly requests: CopyOnWriteMap<RelayId, PendingRequest>;
  readonly joins: CopyOnWriteMap<JoinId, JoinRequest>;
  clock: number;
  hostDueMs: number | undefined;
  life: SessionLife;
  bans: ReadonlySet<string>;
  hasEnded = false;
  isFrozen: boolean;
  sequenceFloor: number;
  readonly epoch: Epoch;
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
    this.life = state.life;
    this.bans = state.bans;
    this.isFrozen = state.isFrozen;
    this.sequenceFloor = state.sequenceFloor;
    this.epoch = state.epoch;
    this.#birth = state.birth;
  }

  toState(): SessionState {
    return {
      limits: this.limits,
      birth: this.#birth,
      clock: this.clock,
      epoch: this.epoch,
      sequenceFloor: this.sequenceFloor,
      hasEnded: this.hasEnded,
      isFrozen: this.isFrozen,
      hostDueMs: this.hostDueMs,
      life: this.life,
      bans: this.bans,
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

  /** The same for a command that had to wait: its member may be away by now, but may not have come back meanwhile. */
  speakerOf({ connection, member }: Speech): Member | undefined {
    const known = member === undefined ? undefined : this.members.view.get(member);
    return this.memberOf(connection) ?? (known?.presence.kind === 'away' ? known : undefined);
  }

  get host(): Member | undefined {
    for (const member of this.members.view.values()) if (member.profile.isHost) return member;
    return undefined;
  }

  get guestCount(): number {
    return this.members.view.size - (this.host === undefined ? 0 : 1);
  }

  /** Keeps a message for a member until it is confirmed, and sends it where there is a connection. */
  deliver(to: MemberId, message: Outgoing): void {
    const member = this.members.view.get(to);
    if (member === undefined) return;
    const entry = { message, bytes: weigh(message), atMs: this.nowMs };
    const outbox = pushMessage(member.outbox, entry, this.limits.outboxMaxBytes, keepApart);
    const { profile, presence, stream } = member;
    this.members.set(to, { profile, presence, stream, outbox });
    if (presence.kind !== 'connected' || presence.isHeld === true || this.isFrozen) return;
    const offset = formatOffset(this.epoch, outbox.last);
    this.effects.push({
      kind: 'send',
      connection: presence.connection,
      to,
      offset,
      sequence: outbox.last,
      message,
    });
  }

  deliverToOthers(except: MemberId, message: Outgoing): void {
    for (const id of this.members.view.keys()) {
      if (id !== except) this.deliver(id, message);
    }
  }
}

interface Speech {
  readonly connection: ConnectionId;
  readonly member?: MemberId;
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
