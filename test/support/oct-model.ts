/**
 * What members of a session may expect, kept beside the core and far simpler: who is there with which client,
 * what each should have heard in which order, which requests and joins are open. Throws where the core differs.
 */
import assert from 'node:assert/strict';
import type { Command, Effect } from '../../edge/core/session-command.ts';
import { guestGraceMs } from '../../edge/core/session-roster.ts';
import type { ConnectionId, MemberId, Outgoing, SessionState } from '../../edge/core/session-state.ts';
import type { CoreSession } from './oct-core.ts';

interface ModelMember {
  /** Counts the clients that the member has had; nothing goes from one to the next. */
  readonly client: number;
  readonly publicKey: string;
  connection: ConnectionId | undefined;
  awaySinceMs: number;
  /** Content and news of the roster that this client must hear, and what it has heard. */
  readonly due: string[];
  readonly heard: string[];
}

export class SessionModel {
  readonly #session: CoreSession;
  readonly #members = new Map<MemberId, ModelMember>();
  readonly #requests = new Map<number, { origin: MemberId; client: number; answers: number }>();
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

  get away(): readonly MemberId[] {
    return [...this.#members].filter(([, { connection }]) => connection === undefined).map(([id]) => id);
  }

  /** Applies a command to the core, and checks all that it does. */
  play(command: Command): readonly Effect[] {
    const before = this.#session.state;
    if (!this.#hasEnded) this.#expect(command, before);
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
    for (const [id, { origin, client, answers }] of this.#requests) {
      if (this.#members.get(origin)?.client === client)
        assert.equal(answers, 1, `request ${id} has one answer`);
    }
  }

  #expect(command: Command, before: SessionState): void {
    switch (command.kind) {
      case 'connect':
        return this.#expectArrival(command, before);
      case 'disconnect': {
        const member = this.#memberOf(command.connection);
        if (member !== undefined) this.#setAway(member);
        return;
      }
      case 'request': {
        const origin = this.#idOf(command.connection);
        if (origin === undefined) return;
        const { client } = this.#members.get(origin)!;
        this.#requests.set(Number(command.id), { origin, client, answers: 0 });
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

  #expectArrival({ connection, profile }: Command & { kind: 'connect' }, before: SessionState): void {
    const known = this.#members.get(profile.id);
    if (known === undefined && this.#members.size >= before.limits.membersMax) return;
    if (known !== undefined && known.publicKey === profile.publicKey) {
      known.connection = connection;
      return;
    }
    const member = { client: ++this.#clients, publicKey: profile.publicKey, awaySinceMs: 0, connection };
    this.#members.set(profile.id, { ...member, due: [], heard: [] });
    this.#due(profile.id, `you are ${profile.id}`);
    for (const id of this.#members.keys()) {
      if (id === profile.id) continue;
      this.#due(id, `${profile.id} joined`);
      if (profile.isHost) this.#due(profile.id, `${id} joined`);
    }
  }

  #observe(effect: Effect, command: Command): void {
    switch (effect.kind) {
      case 'send':
        assert.equal(
          this.#members.get(effect.to)?.connection,
          effect.connection,
          'only members who are there get',
        );
        return this.#hear(effect.to, effect.message);
      case 'turn-away':
        assert.ok(command.kind === 'connect' && !this.#members.has(command.profile.id));
        return;
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
      case 'member-joined':
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

  #hear(to: MemberId, message: Outgoing): void {
    const { heard, client } = this.#members.get(to)!;
    if ('key' in message) assert.equal(message.key.key, keyText(to), 'nobody gets the key of another');
    switch (message.kind) {
      case 'notification':
      case 'broadcast':
        heard.push(textOf(message.sealed.content));
        return;
      case 'identity':
        heard.push(`you are ${message.member.id}`);
        return;
      case 'member-joined':
      case 'member-left':
        heard.push(`${message.member.id} ${message.kind === 'member-left' ? 'left' : 'joined'}`);
        return;
      case 'answer':
      case 'failure': {
        const request = this.#requests.get(Number(message.id));
        assert.deepEqual([request?.origin, request?.client], [to, client], 'only who asked gets the answer');
        assert.equal(++request!.answers, 1, 'nobody gets two answers');
        return;
      }
      case 'join-question':
        assert.equal(to, 'ann', 'only the host is asked');
        return;
      case 'request':
      case 'session-closed':
    }
  }

  /** Between commands: who is there has heard all that is due, who is away a beginning of it. */
  #checkState(): void {
    const { state, nowMs } = this.#session;
    assert.deepEqual([...state.members.keys()].toSorted(), [...this.#members.keys()].toSorted());
    for (const [id, { connection, due, heard }] of this.#members) {
      assert.deepEqual(
        heard,
        connection === undefined ? due.slice(0, heard.length) : due,
        `what ${id} heard`,
      );
    }
    const expected = [...this.#members].flatMap(([id, { connection }]) =>
      connection ? [[connection, id]] : [],
    );
    assert.deepEqual(new Map(state.connections), new Map(expected as [ConnectionId, MemberId][]));
    for (const { presence } of state.members.values()) {
      if (presence.kind !== 'away') continue;
      assert.ok(presence.waitingBytes <= state.limits.waitingMaxBytes, 'what waits is bounded');
      assert.ok(presence.sinceMs <= nowMs);
    }
  }

  #due(id: MemberId, what: string): void {
    this.#members.get(id)?.due.push(what);
  }

  #setAway(member: ModelMember): void {
    member.connection = undefined;
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

function textOf(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}
