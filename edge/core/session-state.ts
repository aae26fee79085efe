/**
 * One session as plain data: who belongs to it, who asks to join, which requests wait for an answer. Holds
 * no socket, timer or clock; content is opaque but for its size. `session.ts` has the rules.
 */
import type { Epoch } from '#shared/ids.ts';
import type { User } from '#shared/session-token.ts';
import { firstSequence } from './outbox.ts';
import type { Outbox } from './outbox.ts';
import { beginLife } from './session-life.ts';
import type { EndReason, LifeRules, SessionLife } from './session-life.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Who a member is to the others; follows from the session token, so it outlives connections and edges. */
export type MemberId = Branded<'MemberId'>;
export type ConnectionId = Branded<'ConnectionId'>;
export type JoinId = Branded<'JoinId'>;
/** What a client hears without a gap, over any number of connections. */
export type StreamId = Branded<'StreamId'>;
/** Random name under which a request travels to its target. */
export type RelayId = Branded<'RelayId'>;
/** How the sender of a request names it. */
export type RequestId = string | number;

export interface MemberProfile {
  readonly id: MemberId;
  readonly user: User;
  readonly isHost: boolean;
  readonly publicKey: string;
  readonly compressions: readonly string[];
}

/** Content as its sender sealed it; nothing on the way reads it. */
export interface Sealed {
  /** Protocol version of the sender. */
  readonly version: string;
  readonly compression: string;
  readonly content: Uint8Array;
}

/** The content's key, wrapped for one receiver. */
export interface SealKey {
  readonly key: string;
  readonly iv: string;
  /** The same in memory of its own, where it is a view of what its sender wrote. */
  detach?(): SealKey;
}

export type SealKeys = ReadonlyMap<MemberId, SealKey>;

/** A message to one member; of the keys it has that member's alone. */
export type Outgoing =
  | { kind: 'request'; id: RelayId; origin: MemberId; key: SealKey; sealed: Sealed }
  | { kind: 'notification'; origin: MemberId; key: SealKey; sealed: Sealed }
  | { kind: 'broadcast'; origin: MemberId; key: SealKey; sealed: Sealed }
  | { kind: 'answer'; id: RequestId; isError: boolean; key: SealKey; sealed: Sealed }
  /** Our own answer to a request that cannot be answered. */
  | { kind: 'failure'; id: RequestId }
  | { kind: 'join-question'; id: RelayId; user: User }
  | { kind: 'identity'; member: MemberProfile }
  | { kind: 'member-joined'; member: MemberProfile }
  | { kind: 'member-left'; member: MemberProfile }
  /** The last word to a member: the session is over, or is so for this member. */
  | { kind: 'session-closed'; host: MemberId | undefined; reason: EndReason | 'removed' };

export type Presence =
  /** `isHeld`: nothing is sent any more, only kept, until the member is back with another connection. */
  | { readonly kind: 'connected'; readonly connection: ConnectionId; readonly isHeld?: boolean }
  | { readonly kind: 'away'; readonly sinceMs: number };

export interface Member {
  readonly profile: MemberProfile;
  readonly presence: Presence;
  readonly stream: StreamId;
  /** All that was said to the member, sent or not, until its client has confirmed it. */
  readonly outbox: Outbox<Outgoing>;
}

export interface PendingRequest {
  readonly origin: MemberId;
  readonly id: RequestId;
  readonly target: MemberId;
  readonly dueMs: number;
}

export interface JoinRequest {
  readonly id: JoinId;
  readonly relayId: RelayId;
  readonly user: User;
  /** `unasked` while the host is away; `decided` until a late poll can no longer want the answer. */
  readonly stage: 'unasked' | 'asked' | 'decided';
  /** Of one who was let in: another edge can make the token again, if the guest has not got it. */
  readonly grant?: JoinGrant | undefined;
  readonly dueMs: number;
}

export interface JoinGrant {
  readonly clock: number;
  readonly workspace: object;
}

export interface SessionLimits {
  readonly membersMax: number;
  readonly hostGraceMs: number;
  /** Bytes that are kept for one member until its client has confirmed them. */
  readonly outboxMaxBytes: number;
  readonly life: LifeRules;
}

export interface SessionState {
  readonly limits: SessionLimits;
  /** Tokens of an earlier session with the same key have another birth and are not taken. */
  readonly birth: number;
  /** The last clock that a token of this session got: its birth plus the number of joins. */
  readonly clock: number;
  /** The right under which this edge runs the session; part of every offset. */
  readonly epoch: Epoch;
  /** No member who has left was given an offset beyond this one; who comes anew gets later ones. */
  readonly sequenceFloor: number;
  readonly hasEnded: boolean;
  /** Nothing is sent any more, only kept: the edge stops. */
  readonly isFrozen: boolean;
  /** The session ends at this time; undefined while the host is connected. */
  readonly hostDueMs: number | undefined;
  readonly life: SessionLife;
  /** Member ids and user ids that are not let in again. */
  readonly bans: ReadonlySet<string>;
  readonly members: ReadonlyMap<MemberId, Member>;
  readonly connections: ReadonlyMap<ConnectionId, MemberId>;
  readonly requests: ReadonlyMap<RelayId, PendingRequest>;
  readonly joins: ReadonlyMap<JoinId, JoinRequest>;
}

/** Of a member whose outbox ended with its edge: no client can go on in it, so each of them has a gap. */
export const lostStream = '' as StreamId;

/** Joins of one session, and with it the distance between two births. */
export const joinsPerSessionMax = 2 ** 20;
/** A new session waits at least this long for its host, whose client makes a key pair first. */
const firstConnectMs = 30_000;

/** The birth that a random number of 32 bits stands for; clocks stay below 2^53. */
export function birthFrom(random32: number): number {
  return random32 * joinsPerSessionMax;
}

/** The birth of the session that gave out this clock. */
export function birthOf(clock: number): number {
  return clock - (clock % joinsPerSessionMax);
}

/** How long a session without connections waits for its host. */
export function firstHostDueMs({ hostGraceMs }: SessionLimits, nowMs: number): number {
  return nowMs + Math.max(hostGraceMs, firstConnectMs);
}

/** A session without members, about to get its host. */
export function openSession(
  { birth, epoch }: Pick<SessionState, 'birth' | 'epoch'>,
  limits: SessionLimits,
  nowMs: number,
): SessionState {
  return {
    limits,
    birth,
    clock: birth,
    epoch,
    sequenceFloor: firstSequence(nowMs),
    hasEnded: false,
    isFrozen: false,
    hostDueMs: firstHostDueMs(limits, nowMs),
    life: beginLife(nowMs),
    bans: new Set(),
    members: new Map(),
    connections: new Map(),
    requests: new Map(),
    joins: new Map(),
  };
}
