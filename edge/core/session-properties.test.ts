/** Random histories of a session against a model that knows what each member must have heard. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CoreSession,
  answer,
  answerJoin,
  askToJoin,
  broadcast,
  connect,
  comeBack,
  disconnect,
  leave,
  notify,
  request,
  testBirth,
} from '../../test/support/oct-core.ts';
import { actions } from '../../test/support/oct-actions.ts';
import type { Action } from '../../test/support/oct-actions.ts';
import { crashCore, moveCore } from '../../test/support/core-move.ts';
import { SessionModel } from '../../test/support/oct-model.ts';
import type { Command } from './session-command.ts';
import { judgeJoin } from './session-joins.ts';
import { requestDeadlineMs } from './session-relay.ts';
import { canResume } from './session-arrival.ts';
import type { ConnectionId, MemberId, StreamId } from './session-state.ts';

/** Plays actions on a session and its model. */
class Play {
  readonly session: CoreSession;
  readonly model: SessionModel;
  /** What the pong to come will confirm. */
  readonly #pings = new Map<string, { readonly connection: ConnectionId; readonly sequence: number }>();
  /** Clients that never heard that they are connected. */
  readonly #deaf = new Set<string>();
  readonly #clients = new Map<string, number>();
  /** The last connection of each, which may be gone. */
  readonly #lastConnection = new Map<string, ConnectionId>();
  readonly #joins: { who: string; nth: number }[] = [];

  constructor(outboxMaxBytes: number) {
    this.session = new CoreSession({ outboxMaxBytes, hostGraceMs: 70_000 });
    this.model = new SessionModel(this.session);
  }

  perform(action: Action): void {
    switch (action.do) {
      case 'connect':
        return this.connect(action.who, action);
      case 'receive':
        if (!this.#deaf.has(action.who)) this.model.receive(action.who, action.count);
        return;
      case 'ping': {
        const sent = this.model.lastSent(action.who);
        if (sent !== undefined) this.#pings.set(action.who, sent);
        return;
      }
      case 'pong':
        return this.#pong(action.who);
      case 'disconnect':
      case 'leave': {
        const command = action.do === 'leave' ? leave(action.who) : disconnect(action.who);
        return this.#say(action.who, command, action.isStale);
      }
      case 'request': {
        const id = this.model.mint();
        const sealed = { ...this.#content(action.size), ...(action.hasKey ? {} : { keys: [] }) };
        return this.#say(action.who, request(action.who, action.to, { ...sealed, id, relayId: `r${id}` }));
      }
      case 'notify': {
        const sealed = { ...this.#content(action.size), ...(action.hasKey ? {} : { keys: [] }) };
        return this.#say(action.who, notify(action.who, action.to, sealed));
      }
      case 'broadcast': {
        const sealed = { ...this.#content(action.size), keys: action.keys };
        return this.#say(action.who, broadcast(action.who, sealed));
      }
      case 'answer':
        return this.#answer(action);
      case 'ask-to-join': {
        if (judgeJoin(this.session.state, `user-${action.who}`) !== undefined) return;
        const nth = this.model.mint();
        this.#joins.push({ who: action.who, nth });
        return void this.model.play(askToJoin(action.who, nth));
      }
      case 'answer-join': {
        const join = this.#joins.at(-1 - action.recent);
        if (join === undefined) return;
        const { nth } = join;
        return this.#say(action.who, answerJoin(action.who, join.who, { nth, approves: action.approves }));
      }
      case 'move':
        return this.#goOnElsewhere(moveCore);
      case 'crash':
        return this.#goOnElsewhere(crashCore);
      case 'wait':
        this.session.nowMs += action.ms;
        return void this.model.play({ kind: 'tick' });
    }
  }

  /** Everybody comes back, all deadlines of requests pass, and all that is on the wire arrives. */
  finish(): void {
    for (const id of this.model.members) this.connect(id);
    this.session.nowMs += requestDeadlineMs;
    this.model.play({ kind: 'tick' });
    if (this.session.state.hasEnded) return;
    for (const id of this.model.members) {
      this.model.receive(id, Infinity);
      this.perform({ do: 'ping', who: id });
      this.perform({ do: 'pong', who: id });
    }
    this.model.checkAllAnswered();
    this.model.checkAllHeard();
  }

  connect(who: string, { isNewClient = false, raceMs = 0, isDeaf = false } = {}): void {
    if (isNewClient) {
      this.#clients.set(who, this.#clientOf(who) + 1);
      this.model.forgetPoint(who);
    }
    const nth = this.model.mint();
    const resumes = this.model.pointOf(who);
    const goesOn = resumes !== undefined && canResume(this.session.state, resumes);
    if (raceMs > 0) this.perform({ do: 'wait', ms: raceMs });
    const stream = goesOn ? resumes.stream : (`stream ${nth}` as StreamId);
    const command = {
      ...connect(who, { nth, client: this.#clientOf(who), clock: testBirth }),
      stream,
      resumes,
    };
    const effects = this.model.play(command);
    if (effects.some(({ kind }) => kind === 'turn-away')) return;
    this.#lastConnection.set(who, command.connection);
    this.#pings.delete(who);
    if (isDeaf) this.#deaf.add(who);
    else {
      this.#deaf.delete(who);
      this.model.tellStream(who, stream);
    }
  }

  /** Another edge goes on with the session: every connection is gone, and with it all that was on the wire. */
  #goOnElsewhere(goOn: (session: CoreSession) => void): void {
    if (this.session.state.hasEnded) return;
    for (const connection of this.session.state.connections.keys())
      this.model.play({ kind: 'disconnect', connection });
    this.#pings.clear();
    goOn(this.session);
  }

  /** The client answers a ping once it has all that was sent before it. */
  #pong(who: string): void {
    const ping = this.#pings.get(who);
    if (ping === undefined || this.#deaf.has(who)) return;
    this.#pings.delete(who);
    while (this.model.isOnWire(who, ping)) this.model.receive(who, 1);
    this.model.play({ kind: 'confirm', ...ping });
  }

  /** Answers one of the newest open requests, mostly as its target. */
  #answer({ who, to, recent, size, byTarget }: Action & { do: 'answer' }): void {
    const open = [...this.session.state.requests].at(-1 - recent);
    if (open === undefined) return;
    const [relayId, { target, origin }] = open;
    const [sender, receiver] = byTarget ? [target, origin] : [who, to];
    this.#say(sender, answer(sender, receiver, { ...this.#content(size), relayId }));
  }

  /** Through the member's last connection, whether it stands or not. */
  #say(who: string, command: Command, isStale = false): void {
    if (!('connection' in command)) return;
    const connection = this.#lastConnection.get(who);
    if (connection === undefined) return;
    this.model.play({ ...command, connection: isStale ? (`${connection}-old` as ConnectionId) : connection });
  }

  #content(size: number): { text: string } {
    return { text: `${this.model.mint()}:`.padEnd(size, 'x') };
  }

  #clientOf(who: string): number {
    return this.#clients.get(who) ?? 1;
  }
}

function playAll(outboxMaxBytes: number, actions: readonly Action[]): Play {
  const play = new Play(outboxMaxBytes);
  play.connect('ann');
  for (const action of actions) play.perform(action);
  play.finish();
  return play;
}

test('whatever connections lose: all is heard once, in order, by members alone, or a gap is declared', () => {
  const run = fc.property(actions, (actions) => void playAll(16_000, actions));
  fc.assert(run, { numRuns: 400 });
});

test('there is no gap while what was lost is kept', () => {
  const run = fc.property(actions, (actions) => {
    const { gaps } = playAll(Infinity, actions).model;
    assert.ok(gaps.size === 0 || isOnly(gaps, 'outbox-age-exceeded', 'offset-unknown'), [...gaps].join(' '));
    if (gaps.has('offset-unknown'))
      assert.ok(
        actions.some((action) => (action.do === 'connect' && action.isDeaf) || action.do === 'crash'),
      );
  });
  fc.assert(run, { numRuns: 400 });
});

function isOnly(gaps: ReadonlySet<string>, ...allowed: readonly string[]): boolean {
  return [...gaps].every((gap) => allowed.includes(gap));
}

test('content and keys reach their receiver as they were sealed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), fc.boolean(), (content, key, waits) => {
      const session = new CoreSession({ outboxMaxBytes: 100_000 });
      for (const command of [connect('ann'), connect('bob'), connect('cid')]) session.apply(command);
      if (waits) session.apply(disconnect('bob'));
      const original = Uint8Array.from(content);
      const own = { key, iv: 'iv of bob' };
      const sealed = { version: '0.3.9', compression: 'gzip', content };
      const sealedFor = new Map([
        ['bob' as MemberId, own],
        ['cid' as MemberId, { key: 'other', iv: 'other' }],
      ]);
      const { connection } = connect('ann') as Command & { kind: 'connect' };
      const first = session.apply({ kind: 'broadcast', connection, keys: sealedFor, sealed });
      const effects = waits ? session.apply(comeBack('bob')(session)) : first;
      const sent = effects.find((effect) => effect.kind === 'send' && effect.to === 'bob');
      assert.ok(sent?.kind === 'send' && sent.message.kind === 'broadcast');
      assert.deepEqual(sent.message, { kind: 'broadcast', origin: 'ann', key: own, sealed });
      assert.deepEqual(sent.message.sealed.content, original);
    }),
  );
});

test('a member keeps its id over any number of returns, and its token never makes two members', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ isNewClient: fc.boolean(), goesFirst: fc.boolean() })), (returns) => {
      const session = new CoreSession();
      session.apply(connect('ann'));
      session.apply(connect('bob'));
      let client = 1;
      for (const [i, { isNewClient, goesFirst }] of returns.entries()) {
        if (goesFirst) session.apply(disconnect('bob', i + 1));
        if (isNewClient) client++;
        session.apply(connect('bob', { nth: i + 2, client }));
        assert.deepEqual([...session.state.members.keys()], ['ann', 'bob']);
        assert.equal(session.state.connections.size, 2);
      }
    }),
  );
});
