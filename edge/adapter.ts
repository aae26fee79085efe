/**
 * The contract between the edge's frame (`server.ts`) and its two wire adapters (`oct/`, `y/`). The frame
 * has checked pass, owner and epoch before an adapter sees an exchange, so an adapter only speaks its protocol.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '#shared/errors.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { MemberView } from '#shared/session-views.ts';
import type { Seat } from './seat-desk.ts';
import type { UpgradeOffer } from './upgrade-offer.ts';

/** One request or upgrade that this edge has admitted. */
export interface AdmittedExchange {
  readonly key: AffinityKey;
  readonly epoch: Epoch;
  /** Id of the exchange at the front door, for the log. */
  readonly exchangeId: string;
  /** Its key was placed by it: nobody of its session can come back. */
  readonly isNew?: boolean;
  /** Path and query without a leading `/~KEY`. */
  readonly target: string;
}

/** What an adapter carries right now; the report adds the adapters up. */
export interface AdapterLoad {
  readonly sessions: number;
  readonly members: number;
  /** Of the members, different people: one of several sessions counts once. */
  readonly users: number;
  readonly websockets: number;
  readonly pollings: number;
  /** Bytes kept for members until they have confirmed them. */
  readonly outboxBytes: number;
  /** Since the start of the process. */
  readonly messages: number;
  readonly bytes: number;
}

/** What a session carries; a drain begins with the smallest. */
export interface SessionSize {
  readonly key: AffinityKey;
  readonly members: number;
  readonly bytes: number;
}

/** Goes on with a session under the epoch of the exchange. */
export type Adoption = (exchange: AdmittedExchange) => void;

export interface Adapter {
  readonly name: 'oct' | 'y';
  /** True where the target is one of this protocol's. */
  claims(target: string): boolean;
  /** Answers the request, errors included; never rejects. */
  handleRequest(exchange: AdmittedExchange, request: IncomingMessage, response: ServerResponse): void;
  /** Takes the offer or refuses it. */
  handleUpgrade(exchange: AdmittedExchange, request: IncomingMessage, offer: UpgradeOffer): void;
  /** Closes a session's sockets with the code's close code and forgets it, without another durable write. */
  dropSession(key: AffinityKey, code: ErrorCode): void;
  load(): AdapterLoad;
  /** Of a licence: of members, those who are away for a moment, and those who are about to come. */
  countSeats(): number;
  listSessions(): readonly SessionSize[];
  /** Brings the key's session back from the store, where it has one that this edge does not know. */
  recall(exchange: AdmittedExchange): Promise<void>;
  /** For administrators; undefined where there is no such session. */
  describeMembers(key: AffinityKey): readonly MemberView[] | undefined;
  /** Ends the session for good: members are told, and those that can be are kept out. */
  endSession(key: AffinityKey): Promise<void>;
  /**
   * Takes one of the described members out. Rejects with `ban-refused` where it has no identity to ban, and with
   * `roster-unavailable` where that could not be kept.
   */
  removeMember(key: AffinityKey, member: string, isBanned: boolean): Promise<void>;
  /** First half of a move away: brings the session to rest and ends its connections so that clients come back. */
  bringToRest(key: AffinityKey): Promise<void>;
  /** Second half, when no exchange is admitted any more: forgets the session and gives what its next edge needs. */
  handOver(key: AffinityKey): Promise<Uint8Array | undefined>;
  /** Checks what another edge has handed over; throws `snapshot-refused`. */
  prepareAdoption(bytes: Uint8Array): Adoption;
  /** Ends all sessions for a planned stop: durable state written, sockets closed so that clients come back. */
  close(): Promise<void>;
}

/** Whether this edge may open one more session, of whichever protocol. */
export type CapacityCheck = () => boolean;

/** A seat of the licence for one newcomer, where there is a licence. */
export type TakeSeat = () => Promise<Seat>;

/**
 * Adapters tell how many connections a key has, and the edge reports when the last one closes; they ask which of the
 * exchanges that were admitted may still be served.
 */
export interface KeyActivity {
  opened(key: AffinityKey, epoch: Epoch): void;
  closed(key: AffinityKey): void;
  /** Whether this edge may serve the epoch no more: a later one has come, or the key was let go. */
  isOver(key: AffinityKey, epoch: Epoch): boolean;
}
