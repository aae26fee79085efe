/**
 * One session on this edge: tells the core what its sockets say, and carries out what the core wants done.
 * Decides nothing that the core could decide.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'socket.io';
import { AppError, errorTable, toAppError } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { User } from '#shared/session-token.ts';
import type { MemberView } from '#shared/session-views.ts';
import { canResume } from '../core/session-arrival.ts';
import type { Command, Effect, ResumePoint, SendEffect } from '../core/session-command.ts';
import { takeSnapshot } from '../core/session-snapshot.ts';
import { judgeJoin } from '../core/session-joins.ts';
import { isBanned } from '../core/session-roster.ts';
import { lostStream } from '../core/session-state.ts';
import type { ConnectionId, JoinId, MemberProfile, SessionState } from '../core/session-state.ts';
import { DurableSession } from './durable-session.ts';
import { reportEffect } from './effect-report.ts';
import { readEnvelope } from './envelope.ts';
import { commandOf } from './envelope-command.ts';
import type { Admission } from './handshake.ts';
import { packHandover } from './handover.ts';
import { hostRefusalOf } from './host-refusal.ts';
import { JoinAnnouncer } from './join-announcer.ts';
import { JoinDesk } from './join-desk.ts';
import { MemberSocket } from './member-socket.ts';
import { describeMember } from './member-view.ts';
import { NoticeBoard } from './notice-board.ts';
import { OutgoingEncoder, encodeError } from './outgoing.ts';
import { newRelayId, randomId } from './random-ids.ts';
import { readResumePoint } from './resume.ts';
import { SenderBrakes } from './sender-brake.ts';
import type { SessionContext, SessionOptions } from './session-context.ts';

/** A session that moves waits so long for its last write; the move as a whole has 5 s. */
export const lastWriteMs = 1_000;

export class LiveSession {
  /** Its state, and how that is stored. */
  readonly durable: DurableSession;
  readonly #options: SessionOptions;
  readonly #context: SessionContext;
  readonly #log: Log;
  readonly #desk = new JoinDesk();
  readonly #encoder = new OutgoingEncoder();
  readonly #brakes: SenderBrakes;
  readonly #sockets = new Map<ConnectionId, MemberSocket>();
  readonly announcer: JoinAnnouncer;
  readonly #notices: NoticeBoard;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#context = options.context;
    this.#log = options.log;
    this.#notices = new NoticeBoard(options.context.rules);
    this.#brakes = new SenderBrakes(options.context);
    this.#desk.adoptCards(options.cards ?? []);
    const { key, state, isClaimed, isStored, onFenced } = options;
    const { tokens, store, metrics, nowMs } = options.context;
    this.announcer = new JoinAnnouncer({ key, desk: this.#desk, tokens, nowMs });
    this.durable = new DurableSession({
      ref: { key, epoch: state.epoch },
      state,
      isClaimed,
      isStored,
      store,
      metrics,
      nowMs,
      perform: (effects) => effects.forEach((effect) => this.#perform(effect)),
      onFenced,
      onFailed: (error) => this.#log.error('store.failed', { code: toAppError(error).code, error }),
    });
    // Of a session from the store, whose guests may not have heard of it.
    if (isStored) this.announcer.announceAll(state);
  }

  get #state(): SessionState {
    return this.durable.state;
  }

  get key(): AffinityKey {
    return this.#options.key;
  }

  get epoch(): Epoch {
    return this.#state.epoch;
  }

  get birth(): number {
    return this.#state.birth;
  }

  /** Members with a connection. */
  get memberCount(): number {
    return this.#state.connections.size;
  }

  /** Everybody who belongs to it, connected or away. */
  get members(): SessionState['members'] {
    return this.#state.members;
  }

  /** Whether an administrator keeps this member out. */
  bans({ id, user }: MemberProfile): boolean {
    return isBanned(this.#state.bans, id, user.id);
  }

  canResume(point: ResumePoint): boolean {
    return canResume(this.#state, point);
  }

  /** Stores that a member comes, before its client is told; gives the code of the refusal. */
  async expect(connection: ConnectionId, { profile, clock }: Admission): Promise<ErrorCode | undefined> {
    const command = { kind: 'connect', connection, profile, clock } as const;
    return await this.durable.arrive({ ...command, stream: lostStream, resumes: undefined });
  }

  /**
   * Takes in a socket whose token is verified. Attaches its listeners before anything can arrive, and replays
   * what its client missed before anything else can be said to it.
   */
  admit(socket: Socket, { profile, clock }: Admission): void {
    const memberSocket = new MemberSocket(socket, this.#context.nowMs(), (sequence) =>
      this.durable.apply({ kind: 'confirm', connection, sequence }),
    );
    const connection = memberSocket.id;
    this.#sockets.set(connection, memberSocket);
    this.#brakes.fit(memberSocket, profile.id);
    socket.on('message', (data: unknown) => this.#receive(connection, data));
    // Of a packet that breaks the rules of Socket.IO, which then closes the connection.
    socket.on('error', () => this.#refuse('message-malformed'));
    socket.once('disconnect', () => this.#forget(connection));
    const { stream } = memberSocket;
    const refusal = hostRefusalOf(profile, memberSocket.client, this.#state, this.#options);
    const resumes = readResumePoint(socket);
    this.#notices.meet(profile.id, resumes !== undefined);
    this.durable.apply({ kind: 'connect', connection, profile, clock, stream, resumes });
    memberSocket.endReplay();
    if (refusal === undefined) return;
    this.#refuse('client-refused');
    memberSocket.tell(encodeError(refusal));
    this.durable.apply({ kind: 'end', reason: 'client-refused' });
  }

  /** Throws the code of a refusal. */
  async askToJoin(user: User): Promise<JoinId> {
    const judged = judgeJoin(this.durable.projected, user.id);
    if (judged !== undefined) throw new AppError(judged);
    const id = randomId() as JoinId;
    this.#desk.open(id);
    this.#log.info('join.requested');
    const command = { kind: 'ask-to-join', id, relayId: newRelayId(), user } as const;
    const code = await this.durable.applyKept(command);
    if (code === undefined) return id;
    this.#desk.forget(id);
    throw new AppError(code);
  }

  pollJoin(id: JoinId, response: ServerResponse): void {
    this.#desk.poll(id, response);
  }

  tick(): void {
    this.durable.apply({ kind: 'tick', life: this.#context.rules.life });
    this.durable.retry();
    if (!this.isFrozen) this.#notices.tell(this.#state.connections, this.#sockets, this.#context.nowMs());
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

  /** An administrator's word. Throws where it could not be kept; then nothing has happened. */
  async administer(command: Command & { readonly kind: 'end' | 'remove' }): Promise<void> {
    const code = await this.durable.applyKept(command);
    if (code !== undefined) throw new AppError(code);
  }

  get isFrozen(): boolean {
    return this.#state.isFrozen;
  }

  /** Sends nothing any more; what members say is still taken in. */
  freeze(): void {
    this.#brakes.takeOff();
    this.durable.apply({ kind: 'freeze' });
  }

  /**
   * Ends the session here, and gives all that another edge needs to go on with it. To be called when it is frozen
   * and its connections have ended; one that has not is of no account any more. Undefined where the session is over.
   */
  async handOver(): Promise<Uint8Array | undefined> {
    await this.durable.settled(lastWriteMs);
    await this.announcer.settled();
    if (this.#state.hasEnded) return undefined;
    for (const connection of this.#state.connections.keys()) this.#forget(connection);
    const state = this.durable.release();
    if (state.hasEnded) return undefined;
    const snapshot = takeSnapshot(state, this.#context.nowMs());
    const bytes = packHandover({ snapshot, cards: this.#desk.takeCards() });
    this.drop('edge-leaving');
    return bytes;
  }

  /** Forgets everything at once; whoever drops the session closes its connections. What waits gets the code. */
  drop(code: ErrorCode): void {
    this.durable.stop(code);
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
    this.durable.apply({ kind: 'disconnect', connection });
  }

  #receive(connection: ConnectionId, data: unknown): void {
    // What was read together with the message for which the connection was cut.
    if (!this.#sockets.has(connection)) return;
    if (!(data instanceof Uint8Array)) return this.#refuse('message-malformed');
    if (!this.#brakes.take(connection, data.byteLength)) return this.#cutFast(connection);
    this.#context.traffic.count('in', data.byteLength);
    this.#sockets.get(connection)?.received.add(data.byteLength, this.#context.nowMs());
    const command = commandOf(readEnvelope(data), connection, newRelayId);
    if (command === undefined) this.#refuse('message-malformed');
    else this.durable.apply(command);
  }

  #perform(effect: Effect): void {
    if (effect.kind === 'send') return this.#send(effect);
    const { metrics } = this.#context;
    const clientOf = (member: MemberProfile): string => this.#clientOf(member);
    const members = (): MemberProfile[] => [...this.#state.members.values()].map(({ profile }) => profile);
    reportEffect(effect, { key: this.key, clientOf, members, log: this.#log, metrics });
    switch (effect.kind) {
      case 'expel':
        return this.#sockets.get(effect.connection)?.expel();
      case 'turn-away':
        return this.#sockets.get(effect.connection)?.close(errorTable[effect.code].closeCode);
      case 'member-left':
        this.#notices.forget(effect.member.id);
        return this.#brakes.forget(effect.member.id);
      case 'join-decided':
        return this.announcer.announce(effect.id, effect.decision);
      case 'join-forgotten':
        return this.#desk.forget(effect.id);
      case 'ended':
        return this.#options.onEnded();
      case 'refused':
      case 'member-resumed':
      case 'member-gapped':
      case 'member-joined':
    }
  }

  #clientOf({ id }: MemberProfile): string {
    const presence = this.#state.members.get(id)?.presence;
    const socket = presence?.kind === 'connected' ? this.#sockets.get(presence.connection) : undefined;
    return socket?.client ?? '';
  }

  #send({ connection, to, offset, sequence, message }: SendEffect): void {
    const socket = this.#sockets.get(connection);
    if (socket === undefined || socket.isStopped) return;
    if (socket.isBehind(this.#context.sendBufferMaxBytes / 2)) {
      this.#refuse('member-too-slow');
      this.#log.warn('member.cut', { member: to, code: 'member-too-slow' });
      // While all that waits is in the outbox too, which may take twice as much, so that its client can go on there.
      this.durable.apply({ kind: 'hold', connection });
      return socket.stop();
    }
    const bytes = socket.send(this.#encoder.encode(message, to), offset, sequence);
    this.#context.traffic.count('out', bytes);
  }

  #refuse(code: ErrorCode): void {
    this.#context.metrics.count('ct_edge_refused_total', { code });
  }
}
