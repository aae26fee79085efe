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
  disconnect,
  leave,
  notify,
  request,
  testBirth,
} from '../../test/support/oct-core.ts';
import { SessionModel } from '../../test/support/oct-model.ts';
import type { Command } from './session-command.ts';
import { judgeJoin } from './session-joins.ts';
import { requestDeadlineMs } from './session-relay.ts';
import type { ConnectionId, MemberId } from './session-state.ts';

/** One more than a session takes. */
const names = ['ann', 'bob', 'cid', 'dan', 'eve'];
const name = fc.constantFrom(...names);
const size = fc.constantFrom(1, 10, 1_000, 3_000);
const keys = fc.subarray(names);

/** What happens next; `recent` picks one of the newest requests or joins. */
type Action =
  | { do: 'connect'; who: string; isNewClient: boolean }
  | { do: 'disconnect' | 'leave'; who: string; isStale: boolean }
  | { do: 'request' | 'notify'; who: string; to: string; size: number; hasKey: boolean }
  | { do: 'broadcast'; who: string; keys: string[]; size: number }
  | { do: 'answer'; who: string; to: string; recent: number; size: number; byTarget: boolean }
  | { do: 'ask-to-join'; who: string }
  | { do: 'answer-join'; who: string; recent: number; approves: boolean }
  | { do: 'wait'; ms: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('connect'), who: name, isNewClient: mostly(false) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('disconnect'), who: name, isStale: mostly(false) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('leave'),
      who: fc.constantFrom('bob', 'cid', 'dan', 'eve', 'bob', 'cid', 'dan', 'ann'),
      isStale: mostly(false),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('request', 'notify'),
      who: name,
      to: name,
      size,
      hasKey: mostly(true),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('broadcast'), who: name, keys, size }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('answer'),
      who: name,
      to: name,
      recent: fc.nat(4),
      size,
      byTarget: mostly(true),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ask-to-join'), who: name }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('answer-join'),
      who: fc.constantFrom('ann', 'ann', 'ann', 'bob'),
      recent: fc.nat(2),
      approves: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(1, 900, 9_000, 30_000) }),
  },
);

function mostly(value: boolean): fc.Arbitrary<boolean> {
  return fc.constantFrom(value, value, value, !value);
}

/** Plays actions on a session and its model. */
class Play {
  readonly session = new CoreSession({ waitingMaxBytes: 16_000, hostGraceMs: 60_000 });
  readonly model = new SessionModel(this.session);
  readonly #clients = new Map<string, number>();
  /** The last connection of each, which may be gone. */
  readonly #lastConnection = new Map<string, ConnectionId>();
  readonly #joins: { who: string; nth: number }[] = [];

  perform(action: Action): void {
    switch (action.do) {
      case 'connect':
        if (action.isNewClient) this.#clients.set(action.who, this.#clientOf(action.who) + 1);
        return this.connect(action.who);
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
      case 'wait':
        this.session.nowMs += action.ms;
        return void this.model.play({ kind: 'tick' });
    }
  }

  /** Everybody comes back, and all deadlines of requests pass. */
  finish(): void {
    for (const id of this.model.away) this.connect(id);
    this.session.nowMs += requestDeadlineMs;
    this.model.play({ kind: 'tick' });
    if (!this.session.state.hasEnded) this.model.checkAllAnswered();
  }

  connect(who: string): void {
    const nth = this.model.mint();
    const command = connect(who, { nth, client: this.#clientOf(who), clock: testBirth });
    this.model.play(command);
    this.#lastConnection.set(who, (command as Command & { kind: 'connect' }).connection);
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

test('whatever happens: all is heard once, in order, by members alone, and each request has one answer', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80, size: 'max' }), (actions) => {
      const play = new Play();
      play.connect('ann');
      for (const action of actions) play.perform(action);
      play.finish();
    }),
    { numRuns: 400 },
  );
});

test('content and keys reach their receiver as they were sealed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), fc.boolean(), (content, key, waits) => {
      const session = new CoreSession({ waitingMaxBytes: 100_000 });
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
      const effects = waits ? session.apply(connect('bob', { nth: 2 })) : first;
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
