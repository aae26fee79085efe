/** What a session is told (`Command`) and what it wants done (`Effect`). The adapter translates both. */
import type { ErrorCode } from '#shared/errors.ts';
import type { User } from '#shared/session-token.ts';
import type { GapCode } from './outbox.ts';
import type { EndReason, LifeRules } from './session-life.ts';
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
  StreamId,
} from './session-state.ts';

/** What members do, each named by the connection that it came through. */
export type Command =
  | ConnectCommand
  | { kind: 'disconnect'; connection: ConnectionId }
  /** The client does not read fast enough: nothing more goes to this connection, what comes from it is taken. */
  | { kind: 'hold'; connection: ConnectionId }
  /** The client has all that this connection carried up to the sequence. */
  | { kind: 'confirm'; connection: ConnectionId; sequence: number }
  | LeaveCommand
  | RequestCommand
  | AnswerCommand
  | NotificationCommand
  | BroadcastCommand
  | JoinCommand
  | JoinAnswerCommand
  | RemoveCommand
  /** An administrator ends the session; or, with another reason, what the store has as over. */
  | { kind: 'end'; reason?: EndReason }
  /** Time has passed; with the rules of now, unless they are those that the session began with. */
  | { kind: 'tick'; life?: LifeRules }
  /** The edge stops: from now on nothing is sent. */
  | { kind: 'freeze' };

export interface ConnectCommand {
  readonly kind: 'connect';
  readonly connection: ConnectionId;
  readonly profile: MemberProfile;
  readonly clock: number;
  /** What the client was told; the same as in `resumes` where it was told that its stream goes on. */
  readonly stream: StreamId;
  /** A client that was connected before: its stream, and its last offset unless it heard nothing. */
  readonly resumes: ResumePoint | undefined;
}

export interface ResumePoint {
  readonly stream: StreamId;
  readonly offset: string | undefined;
}

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

/** `member` is given where the command had to wait, in which time the connection may have ended. */
export interface LeaveCommand {
  readonly kind: 'leave';
  readonly connection: ConnectionId;
  readonly member?: MemberId;
}

/** The host's answer to a join question; without a workspace it is a refusal. */
export interface JoinAnswerCommand {
  readonly kind: 'answer-join';
  readonly connection: ConnectionId;
  readonly member?: MemberId;
  readonly id: RelayId;
  readonly workspace: object | undefined;
  /** The host said yes, but that could not be kept. */
  readonly isNotKept?: boolean;
}

/** An administrator takes a member out of the session; one who is banned is not let in again. */
export interface RemoveCommand {
  readonly kind: 'remove';
  readonly member: MemberId;
  /** Whose member it is; a ban holds, too, where the member is gone before the command is played. */
  readonly userId: string;
  readonly isBanned: boolean;
}

export interface JoinApproval {
  readonly kind: 'approved';
  readonly user: User;
  /** For the guest's token: no two joins have the same. */
  readonly clock: number;
  readonly workspace: object;
  readonly host: MemberProfile;
}

export type JoinDecision =
  | JoinApproval
  /** `not-kept`: the host said yes, but the store could not take it. */
  | { readonly kind: 'rejected' | 'timed-out' | 'session-ended' | 'not-kept' };

export type LeaveReason = 'left' | 'away-too-long' | 'removed';

export type Effect =
  | SendEffect
  /** The client must not come back with this connection. */
  | { kind: 'expel'; connection: ConnectionId }
  /** Not now: the client may try again. */
  | { kind: 'turn-away'; connection: ConnectionId; code: ErrorCode }
  /** The client goes on where its last connection ended. */
  | { kind: 'member-resumed'; member: MemberProfile }
  /** The client missed what nobody has any more, and begins anew. */
  | { kind: 'member-gapped'; member: MemberProfile; code: GapCode }
  | { kind: 'member-joined'; member: MemberProfile }
  | { kind: 'member-left'; member: MemberProfile; reason: LeaveReason }
  /** What a member asked for is beyond a bound. */
  | { kind: 'refused'; code: ErrorCode }
  | { kind: 'join-decided'; id: JoinId; decision: JoinDecision }
  /** Nobody can want the answer any more. */
  | { kind: 'join-forgotten'; id: JoinId }
  | { kind: 'ended'; reason: EndReason };

export interface SendEffect {
  readonly kind: 'send';
  readonly connection: ConnectionId;
  readonly to: MemberId;
  /** Of the message in the member's stream; travels with it, so that the client can say where it was. */
  readonly offset: string;
  readonly sequence: number;
  readonly message: Outgoing;
}
