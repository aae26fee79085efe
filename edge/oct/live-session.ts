/**
 * One session on this edge: tells the core what its sockets say, and carries out what the core wants done.
 * Decides nothing that the core could decide.
 */
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'socket.io';
import { errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { SessionTokens, User } from '#shared/session-token.ts';
import type { MemberView } from '#shared/session-views.ts';
import { applyCommand } from '../core/session.ts';
import type { PaceLimits } from '../core/sender-pace.ts';
import { canResume } from '../core/session-arrival.ts';
import type { Command, Effect, ResumePoint, SendEffect } from '../core/session-command.ts';
import { takeSnapshot } from '../core/session-snapshot.ts';
import { judgeJoin } from '../core/session-joins.ts';
import { isBanned } from '../core/session-roster.ts';
import type { ConnectionId, JoinId, MemberProfile, RelayId, SessionState } from '../core/session-state.ts';
import { readEnvelope } from './envelope.ts';
import type { Admission } from './handshake.ts';
import { packHandover } from './handover.ts';
import { JoinAnnouncer } from './join-announcer.ts';
import { JoinDesk } from './join-desk.ts';
import type { CardRecord } from './join-desk.ts';
import { readJoinResponse } from './join-response.ts';
import { MemberSocket } from './member-socket.ts';
import { describeMember } from './member-view.ts';
import { OutgoingEncoder } from './outgoing.ts';
import { readResumePoint } from './resume.ts';
import { SenderBrakes } from './sender-brake.ts';
import type { Traffic } from '../traffic.ts';

/** What all sessions of the adapter share. */
export interface SessionContext {
  readonly sendBufferMaxBytes: number;
  readonly pace: PaceLimits;
  readonly tokens: SessionTokens;
  readonly metrics: Metrics;
  readonly traffic: Traffic;
  readonly nowMs: () => number;
}

interface SessionOptions {
  readonly key: AffinityKey;
  readonly state: SessionState;
  /** Of guests who wait; from the edge that had the session before. */
  readonly cards?: readonly CardRecord[];
  readonly log: Log;
  readonly context: SessionContext;
  readonly onEnded: () => void;
}

const idRandomBytes = 18;

export class LiveSession {
  readonly #options: SessionOptions;
  readonly #context: SessionContext;
  readonly #log: Log;
  readonly #desk = new JoinDesk();
  readonly #encoder = new OutgoingEncoder();
  readonly #brakes: SenderBrakes;
  readonly #sockets = new Map<ConnectionId, MemberSocket>();
  readonly #announcer: JoinAnnouncer;
  #state: SessionState;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#context = options.context;
    this.#log = options.log;
    this.#brakes = new SenderBrakes(options.context);
    this.#state = options.state;
    this.#desk.adoptCards(options.cards ?? []);
    const { tokens } = options.context;
    this.#announcer = new JoinAnnouncer({ key: options.key, desk: this.#desk, tokens });
  }

  get birth(): number {
    return this.#state.birth;
  }

  /** Members with a connection. */
  get memberCount(): number {
    return this.#state.connections.size;
  }

  /** Bytes kept for members, connected or away, until they have confirmed them. */
  get outboxBytes(): number {
    let bytes = 0;
    for (const { outbox } of this.#state.members.values()) bytes += outbox.bytes;
    return bytes;
  }

  /** Whether an administrator keeps this member out. */
  bans({ id, user }: MemberProfile): boolean {
    return isBanned(this.#state.bans, id, user.id);
  }

  canResume(point: ResumePoint): boolean {
    return canResume(this.#state, point);
  }

  /**
   * Takes in a socket whose token is verified. Attaches its listeners before anything can arrive, and replays
   * what its client missed before anything else can be said to it.
   */
  admit(socket: Socket, { profile, clock }: Admission): void {
    const memberSocket = new MemberSocket(socket, this.#context.nowMs(), (sequence) =>
      this.#apply({ kind: 'confirm', connection, sequence }),
    );
    const connection = memberSocket.id;
    this.#sockets.set(connection, memberSocket);
    this.#brakes.fit(memberSocket, profile.id);
    socket.on('message', (data: unknown) => this.#receive(connection, data));
    // Of a packet that breaks the rules of Socket.IO, which then closes the connection.
    socket.on('error', () => this.#refuse('message-malformed'));
    socket.once('disconnect', () => this.#forget(connection));
    const { stream } = memberSocket;
    this.#apply({ kind: 'connect', connection, profile, clock, stream, resumes: readResumePoint(socket) });
    memberSocket.endReplay();
  }

  askToJoin(user: User): { kind: 'asked'; id: JoinId } | { kind: 'refused'; code: ErrorCode } {
    const code = judgeJoin(this.#state, user.id);
    if (code !== undefined) return { kind: 'refused', code };
    const id = randomId() as JoinId;
    this.#desk.open(id);
    this.#log.info('join.requested');
    this.#apply({ kind: 'ask-to-join', id, relayId: randomId() as RelayId, user });
    return { kind: 'asked', id };
  }

  pollJoin(id: JoinId, response: ServerResponse): void {
    this.#desk.poll(id, response);
  }

  tick(): void {
    this.#apply({ kind: 'tick' });
  }

  /** Who is here and who is away, for administrators. */
  describeMembers(): MemberView[] {
    const nowMs = this.#context.nowMs();
    return [...this.#state.members.values()].map((member) => {
      const { presence } = member;
      const socket = presence.kind === 'connected' ? this.#sockets.get(presence.connection) : undefined;
      return describeMember(member, socket, nowMs);
    });
  }

  /** An administrator's word. */
  administer(command: Command & { readonly kind: 'end' | 'remove' }): void {
    this.#apply(command);
  }

  get isFrozen(): boolean {
    return this.#state.isFrozen;
  }

  /** Sends nothing any more; what members say is still taken in. */
  freeze(): void {
    this.#brakes.takeOff();
    this.#apply({ kind: 'freeze' });
  }

  /**
   * Ends the session here, and gives all that another edge needs to go on with it. To be called when it is frozen
   * and its connections have ended; one that has not is of no account any more. Undefined where the session is over.
   */
  async handOver(): Promise<Uint8Array | undefined> {
    await this.#announcer.settled();
    if (this.#state.hasEnded) return undefined;
    for (const connection of this.#state.connections.keys()) this.#forget(connection);
    const snapshot = takeSnapshot(this.#state, this.#context.nowMs());
    const bytes = packHandover({ snapshot, cards: this.#desk.takeCards() });
    this.drop();
    return bytes;
  }

  /** Forgets everything at once; whoever drops the session closes its connections. */
  drop(): void {
    this.#state = { ...this.#state, hasEnded: true };
    this.#desk.forgetAll();
  }

  #cutFast(connection: ConnectionId): void {
    this.#refuse('member-too-fast');
    this.#log.warn('member.cut', { code: 'member-too-fast' });
    this.#sockets.get(connection)?.close(errorTable['member-too-fast'].closeCode);
    this.#forget(connection);
  }

  #forget(connection: ConnectionId): void {
    this.#sockets.delete(connection);
    this.#apply({ kind: 'disconnect', connection });
  }

  #receive(connection: ConnectionId, data: unknown): void {
    // What was read together with the message for which the connection was cut.
    if (!this.#sockets.has(connection)) return;
    if (!(data instanceof Uint8Array)) return this.#refuse('message-malformed');
    if (!this.#brakes.take(connection, data.byteLength)) return this.#cutFast(connection);
    this.#context.traffic.count('in', data.byteLength);
    this.#sockets.get(connection)?.received.add(data.byteLength, this.#context.nowMs());
    const envelope = readEnvelope(data);
    switch (envelope.kind) {
      case 'request':
        return this.#apply({ ...envelope, connection, relayId: randomId() as RelayId });
      case 'answer':
      case 'notification':
      case 'broadcast':
        return this.#apply({ ...envelope, connection });
      case 'plain-answer': {
        const workspace = readJoinResponse(envelope.response);
        return this.#apply({ kind: 'answer-join', connection, id: envelope.id, workspace });
      }
      case 'leave':
        return this.#apply({ kind: 'leave', connection });
      case 'refused':
        return this.#refuse('message-malformed');
    }
  }

  #apply(command: Command): void {
    const { state, effects } = applyCommand(this.#state, command, this.#context.nowMs());
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect);
      case 'expel':
        return this.#sockets.get(effect.connection)?.expel();
      case 'turn-away':
        this.#refuse(effect.code);
        return this.#sockets.get(effect.connection)?.close(errorTable[effect.code].closeCode);
      case 'refused':
        return this.#refuse(effect.code);
      case 'member-resumed':
        return this.#context.metrics.count('ct_edge_resumes_total');
      case 'member-gapped':
        this.#context.metrics.count('ct_edge_gaps_total', { code: effect.code });
        return this.#log.warn('member.gapped', { member: effect.member.id, code: effect.code });
      case 'member-joined':
        return this.#log.info('member.joined', { member: effect.member.id, host: effect.member.isHost });
      case 'member-left':
        this.#brakes.forget(effect.member.id);
        return this.#log.info('member.left', { member: effect.member.id, reason: effect.reason });
      case 'join-decided':
        this.#log.info('join.decided', { decision: effect.decision.kind });
        return this.#announcer.announce(effect.id, effect.decision);
      case 'join-forgotten':
        return this.#desk.forget(effect.id);
      case 'ended':
        this.#context.metrics.count('ct_edge_sessions_ended_total', { reason: effect.reason });
        this.#log.info('session.ended', { reason: effect.reason });
        return this.#options.onEnded();
    }
  }

  #send({ connection, to, offset, sequence, message }: SendEffect): void {
    const socket = this.#sockets.get(connection);
    if (socket === undefined || socket.isStopped) return;
    if (socket.isBehind(this.#context.sendBufferMaxBytes / 2)) {
      this.#refuse('member-too-slow');
      this.#log.warn('member.cut', { member: to, code: 'member-too-slow' });
      // While all that waits is in the outbox too, which may take twice as much, so that its client can go on there.
      this.#apply({ kind: 'hold', connection });
      return socket.stop();
    }
    const bytes = this.#encoder.encode(message, to);
    this.#context.traffic.count('out', bytes.byteLength);
    socket.send(bytes, offset, sequence);
  }

  #refuse(code: ErrorCode): void {
    this.#context.metrics.count('ct_edge_refused_total', { code });
  }
}

function randomId(): string {
  return randomBytes(idRandomBytes).toString('base64url');
}
