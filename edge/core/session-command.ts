/** What a session is told (`Command`) and what it wants done (`Effect`). The adapter translates both. */
import type { User } from '#shared/session-token.ts';
import type {
  ConnectionId,
  JoinId,
  MemberId,
  MemberProfile,
  Outgoing,
  RelayId,
  RequestId,
  Sealed,
  SealKeys,
} from './session-state.ts';

/** What members do, each named by the connection that it came through. */
export type Command =
  | { kind: 'connect'; connection: ConnectionId; profile: MemberProfile; clock: number }
  | { kind: 'disconnect'; connection: ConnectionId }
  | { kind: 'leave'; connection: ConnectionId }
  | RequestCommand
  | AnswerCommand
  | NotificationCommand
  | BroadcastCommand
  | JoinCommand
  | JoinAnswerCommand
  /** Time has passed. */
  | { kind: 'tick' };

export interface RequestCommand {
  readonly kind: 'request';
  readonly connection: ConnectionId;
  readonly id: RequestId;
  readonly relayId: RelayId;
  readonly target: MemberId;
  readonly keys: SealKeys;
  readonly sealed: Sealed;
}

export interface AnswerCommand {
  readonly kind: 'answer';
  readonly connection: ConnectionId;
  readonly id: RelayId;
  readonly isError: boolean;
  readonly keys: SealKeys;
  readonly sealed: Sealed;
}

export interface NotificationCommand {
  readonly kind: 'notification';
  readonly connection: ConnectionId;
  readonly target: MemberId;
  readonly keys: SealKeys;
  readonly sealed: Sealed;
}

export interface BroadcastCommand {
  readonly kind: 'broadcast';
  readonly connection: ConnectionId;
  readonly keys: SealKeys;
  readonly sealed: Sealed;
}

export interface JoinCommand {
  readonly kind: 'ask-to-join';
  readonly id: JoinId;
  readonly relayId: RelayId;
  readonly user: User;
}

/** The host's answer to a join question; without a workspace it is a refusal. */
export interface JoinAnswerCommand {
  readonly kind: 'answer-join';
  readonly connection: ConnectionId;
  readonly id: RelayId;
  readonly workspace: object | undefined;
}

export interface JoinApproval {
  readonly kind: 'approved';
  readonly user: User;
  /** For the guest's token: no two joins have the same. */
  readonly clock: number;
  readonly workspace: object;
  readonly host: MemberProfile;
}

export type JoinDecision = JoinApproval | { readonly kind: 'rejected' | 'timed-out' | 'session-ended' };

export type LeaveReason = 'left' | 'away-too-long' | 'waiting-overflow';
export type EndReason = 'host-left' | 'host-away-too-long' | 'host-waiting-overflow';

export type Effect =
  | { kind: 'send'; connection: ConnectionId; to: MemberId; message: Outgoing }
  /** The client must not come back with this connection. */
  | { kind: 'expel'; connection: ConnectionId }
  /** No place in the session: the client may try again. */
  | { kind: 'turn-away'; connection: ConnectionId }
  | { kind: 'member-joined'; member: MemberProfile }
  | { kind: 'member-left'; member: MemberProfile; reason: LeaveReason }
  | { kind: 'join-decided'; id: JoinId; decision: JoinDecision }
  /** Nobody can want the answer any more. */
  | { kind: 'join-forgotten'; id: JoinId }
  | { kind: 'ended'; reason: EndReason };
