/**
 * What members of a session may expect, kept beside the core and far simpler: who is there with which client,
 * what each should hear in which order, which requests and joins are open. Throws where the core differs. What
 * is sent is on the wire until its client takes it, and is lost with the connection.
 */
import assert from 'node:assert/strict';
import type { Command, Effect, ResumePoint, SendEffect } from '../../edge/core/session-command.ts';
import { guestGraceMs } from '../../edge/core/session-roster.ts';
import type { ConnectionId, MemberId, StreamId } from '../../edge/core/session-state.ts';
import type { CoreSession } from './oct-core.ts';
import { checkOutbox, rosterOrContent, textOf } from './oct-outbox.ts';

interface ModelMember {
  /** Counts the clients that the member has had; nothing goes from one to the next. */
  readonly client: number;
  readonly publicKey: string;
  connection: ConnectionId | undefined;
  awaySinceMs: number;
  /** Content and news of the roster that this client must hear since its last gap, and what it has heard. */
  readonly due: string[];
  readonly heard: string[];
  /** Sent and not arrived. */
  wire: SendEffect[];
  /** Of the last message that arrived, in the current stream. */
  lastSequence: number | undefined;
}

export class SessionModel {
  readonly #session: CoreSession;
  readonly #members = new Map<MemberId, ModelMember>();
  readonly #requests = new Map<
    number,
    { origin: MemberId; client: number; answers: number; isExcused: boolean }
  >();
  /** Where each client is, as it would say itself; survives that the session forgets its member. */
  readonly #points = new Map<MemberId, ResumePoint>();
  readonly gaps = new Set<string>();
  readonly #decisions = new Map<string, string>();
  readonly #clocks = new Set<number>();
  #clients = 0;
  #nextId = 0;
  #hasEnded = false;

  constructor(session: CoreSession) {
    this.#session = session;
  }

  /** A number that names one message, request or join of the run. */
  mint(): number {
    return ++this.#nextId;
  }

  isOnWire(who: string, { connection, sequence }: { connection: ConnectionId; sequence: number }): boolean {
    const member = this.#members.get(who as MemberId);
    return member?.connection === connection && member.wire.some((sent) => sent.sequence <= sequence);
  }

  get members(): readonly MemberId[] {
    return [...this.#members.keys()];
  }

  pointOf(who: string): ResumePoint | undefined {
    return this.#points.get(who as MemberId);
  }

  /** A client that was started anew knows nothing. */
  forgetPoint(who: string): void {
    this.#points.delete(who as MemberId);
  }

  /** The client is told of its stream: it is connected. */
  tellStream(who: string, stream: StreamId): void {
    const id = who as MemberId;
    this.#points.set(id, { stream, offset: this.#points.get(id)?.offset });
  }

  /** The next messages arrive. */
  receive(who: string, count: number): void {
    const id = who as MemberId;
    for (const effect of this.#members.get(id)?.wire.splice(0, count) ?? []) {
      this.#hear(effect);
      this.#points.set(id, { stream: this.#points.get(id)!.stream, offset: effect.offset });
    }
  }

  /** The last sequence on the wire or off it, and whether the client has it: what a ping asks, and its pong says. */
  lastSent(who: string): { readonly connection: ConnectionId; readonly sequence: number } | undefined {
    const member = this.#members.get(who as MemberId);
    const sequence = member?.wire.at(-1)?.sequence ?? member?.lastSequence;
    if (member?.connection === undefined || sequence === undefined) return undefined;
    return { connection: member.connection, sequence };
  }

  /** Applies a command to the core, and checks all that it does. */
  play(command: Command): readonly Effect[] {
    const before = this.#session.state;
    if (!this.#hasEnded) this.#expect(command);
    const effects = this.#session.apply(command);
    if (before.hasEnded) {
      assert.deepEqual(effects, [], 'nothing happens after the end');
      assert.equal(this.#session.state, before);
      return effects;
    }
    for (const effect of effects) this.#observe(effect, command);
    this.#checkState();
    return effects;
  }

  /** Each request that was asked by a client that is still there has its one answer. */
  checkAllAnswered(): void {
    for (const [id, { origin, client, answers, isExcused }] of this.#requests) {
      if (this.#members.get(origin)?.client === client && !isExcused)
        assert.equal(answers, 1, `request ${id} has one answer`);
    }
  }

  checkAllHeard(): void {
    for (const [id, { heard, due }] of this.#members) {
      assert.deepEqual(heard, due, `what ${id} heard`);
      assert.deepEqual(this.#session.state.members.get(id)!.outbox.bytes, 0, 'what is confirmed is not kept');
    }
  }

  #expect(command: Command): void {
    switch (command.kind) {
      case 'disconnect': {
        const member = this.#memberOf(command.connection);
        if (member !== undefined) this.#setAway(member);
        return;
      }
      case 'request': {
        const origin = this.#idOf(command.connection);
        if (origin === undefined) return;
        const { client } = this.#members.get(origin)!;
        this.#requests.set(Number(command.id), { origin, client, answers: 0, isExcused: false });
        return;
      }
      case 'notification':
        if (this.#idOf(command.connection) !== undefined && command.keys.has(command.target))
          this.#due(command.target, textOf(command.sealed.content));
        return;
      case 'broadcast': {
        const origin = this.#idOf(command.connection);
        if (origin === undefined) return;
        for (const id of command.keys.keys())
          if (id !== origin) this.#due(id, textOf(command.sealed.content));
        return;
      }
      default:
    }
  }

  #observeArrival(id: MemberId, command: Command): void {
    assert.ok(command.kind === 'connect' && command.profile.id === id, 'who comes in has asked to');
    const { connection, profile } = command;
    const known = this.#members.get(id);
    const client = known?.publicKey === profile.publicKey ? known.client : ++this.#clients;
    this.#members.set(id, {
      client,
      publicKey: profile.publicKey,
      awaySinceMs: 0,
      connection,
      due: [],
      heard: [],
      wire: [],
      lastSequence: undefined,
    });
    this.#due(id, `you are ${id}`);
    for (const other of this.#members.keys()) {
      if (other === id) continue;
      this.#due(other, `${id} joined`);
      if (profile.isHost) this.#due(id, `${other} joined`);
    }
    // What it asked may have been answered into the gap, or was asked by a client that is no more.
    for (const request of this.#requests.values()) {
      if (request.origin === id) request.isExcused = true;
    }
  }

  #observeReturn(id: MemberId, command: Command): void {
    assert.ok(command.kind === 'connect' && command.profile.id === id, 'who comes back has asked to');
    const member = this.#members.get(id)!;
    assert.equal(member.publicKey, command.profile.publicKey);
    member.connection = command.connection;
    member.wire = [];
  }

  #observe(effect: Effect, command: Command): void {
    switch (effect.kind) {
      case 'send':
        assert.equal(
          this.#members.get(effect.to)?.connection,
          effect.connection,
          'only members who are there get',
        );
        this.#members.get(effect.to)!.wire.push(effect);
        return;
      case 'turn-away':
        assert.ok(command.kind === 'connect');
        if (effect.code === 'session-full') assert.ok(!this.#members.has(command.profile.id));
        else
          assert.equal(command.stream, command.resumes?.stream, 'who was not told so need not be told again');
        return;
      case 'member-resumed':
        return this.#observeReturn(effect.member.id, command);
      case 'member-gapped':
        this.gaps.add(effect.code);
        return this.#observeArrival(effect.member.id, command);
      case 'member-joined':
        return this.#observeArrival(effect.member.id, command);
      case 'member-left':
        return this.#observeDeparture(effect, command);
      case 'join-decided':
        assert.ok(!this.#decisions.has(effect.id), 'a join is decided once');
        this.#decisions.set(effect.id, effect.decision.kind);
        if (effect.decision.kind !== 'approved') return;
        assert.ok(!this.#clocks.has(effect.decision.clock), 'no two joins have the same clock');
        this.#clocks.add(effect.decision.clock);
        return;
      case 'join-forgotten':
        assert.ok(this.#decisions.has(effect.id), 'no join is forgotten undecided');
        return;
      case 'ended':
        this.#hasEnded = true;
        this.#members.clear();
        return;
      case 'expel':
      case 'refused':
    }
  }

  #observeDeparture({ member: { id }, reason }: Effect & { kind: 'member-left' }, command: Command): void {
    const member = this.#members.get(id);
    assert.ok(member !== undefined, 'only members leave');
    if (reason === 'left') assert.ok(command.kind === 'leave' && command.connection === member.connection);
    else assert.equal(member.connection, undefined, 'only who is away is taken out');
    if (reason === 'away-too-long') assert.ok(member.awaySinceMs + guestGraceMs <= this.#session.nowMs);
    this.#members.delete(id);
    for (const other of this.#members.keys()) this.#due(other, `${id} left`);
  }

  #hear({ to, message, sequence }: SendEffect): void {
    const member = this.#members.get(to)!;
    const { heard, client, lastSequence = sequence - 1 } = member;
    assert.equal(sequence, lastSequence + 1, 'no message is left out or comes twice');
    member.lastSequence = sequence;
    if ('key' in message) assert.equal(message.key.key, keyText(to), 'nobody gets the key of another');
    const text = rosterOrContent(message);
    if (text !== undefined) heard.push(text);
    if (message.kind === 'join-question') assert.equal(to, 'ann', 'only the host is asked');
    if (message.kind !== 'answer' && message.kind !== 'failure') return;
    const request = this.#requests.get(Number(message.id));
    assert.deepEqual([request?.origin, request?.client], [to, client], 'only who asked gets the answer');
    assert.equal(++request!.answers, 1, 'nobody gets two answers');
  }

  /** Between commands: who is there hears all that is due, who is away has heard a beginning of it. */
  #checkState(): void {
    const { state, nowMs } = this.#session;
    assert.deepEqual([...state.members.keys()].toSorted(), [...this.#members.keys()].toSorted());
    for (const [id, { connection, due, heard, wire }] of this.#members) {
      const coming = wire.flatMap(({ message }) => rosterOrContent(message) ?? []);
      if (connection === undefined) assert.deepEqual(heard, due.slice(0, heard.length), `what ${id} heard`);
      else assert.deepEqual([...heard, ...coming], due, `what ${id} heard and hears`);
    }
    const expected = [...this.#members].flatMap(([id, { connection }]) =>
      connection ? [[connection, id]] : [],
    );
    assert.deepEqual(new Map(state.connections), new Map(expected as [ConnectionId, MemberId][]));
    for (const { presence, outbox } of state.members.values()) {
      if (presence.kind === 'away') assert.ok(presence.sinceMs <= nowMs);
      checkOutbox(outbox, state.limits.outboxMaxBytes);
    }
  }

  #due(id: MemberId, what: string): void {
    this.#members.get(id)?.due.push(what);
  }

  #setAway(member: ModelMember): void {
    member.connection = undefined;
    member.wire = [];
    member.awaySinceMs = this.#session.nowMs;
  }

  #idOf(connection: ConnectionId): MemberId | undefined {
    return [...this.#members].find(([, member]) => member.connection === connection)?.[0];
  }

  #memberOf(connection: ConnectionId): ModelMember | undefined {
    const id = this.#idOf(connection);
    return id === undefined ? undefined : this.#members.get(id);
  }
}

function keyText(receiver: string): string {
  return `wrapped for ${receiver}`;
}
