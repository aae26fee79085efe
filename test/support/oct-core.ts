/**
 * Sessions of the pure core for tests: commands by the names of their members, effects as lines of text. A
 * member's id is its name, ann is the host, and a member's connections are called `bob-1`, `bob-2` and so on.
 */
import type { Epoch } from '#shared/ids.ts';
import { applyCommand } from '../../edge/core/session.ts';
import type { Command, ConnectCommand, Effect } from '../../edge/core/session-command.ts';
import { endlessLife } from '../../edge/core/session-life.ts';
import { openSession } from '../../edge/core/session-state.ts';
import type {
  ConnectionId,
  JoinId,
  MemberId,
  MemberProfile,
  Outgoing,
  RelayId,
  Sealed,
  SealKeys,
  SessionLimits,
  SessionState,
  StreamId,
} from '../../edge/core/session-state.ts';

export const testBirth = 3 * 2 ** 20;
export const testEpoch = 7 as Epoch;
const testLimits = { membersMax: 4, hostGraceMs: 20_000, outboxMaxBytes: 10_000, life: endlessLife };

/** One session with its clock. */
export class CoreSession {
  state: SessionState;
  nowMs = 0;
  /** The offsets that each member was sent, in order. */
  readonly #offsets = new Map<string, string[]>();

  constructor(limits: Partial<SessionLimits> = {}) {
    this.state = openSession(
      { birth: testBirth, epoch: testEpoch },
      { ...testLimits, ...limits },
      this.nowMs,
    );
  }

  apply(command: Command): readonly Effect[] {
    const { state, effects } = applyCommand(this.state, command, this.nowMs);
    this.state = state;
    for (const effect of effects) {
      if (effect.kind !== 'send') continue;
      const offsets = this.#offsets.get(effect.to) ?? [];
      this.#offsets.set(effect.to, [...offsets.filter((offset) => offset !== effect.offset), effect.offset]);
    }
    return effects;
  }

  /** The last offset that a member was sent but for the last few. */
  offsetOf(name: string, lost: number): string | undefined {
    return this.#offsets.get(name)?.at(-1 - lost);
  }

  /** Lets time pass, and the session notice. */
  wait(ms: number): readonly Effect[] {
    this.nowMs += ms;
    return this.apply({ kind: 'tick' });
  }
}

function profileOf(name: string, client = 1): MemberProfile {
  return {
    id: name as MemberId,
    user: { id: `user-${name}`, name },
    isHost: name === 'ann',
    publicKey: `key ${client} of ${name}`,
    compressions: ['gzip'],
  };
}

/** A client that was not connected before; `client` 2 is one that was started anew: same token, other public key. */
export function connect(name: string, { nth = 1, client = 1, clock = testBirth } = {}): ConnectCommand {
  return {
    kind: 'connect',
    connection: connectionOf(name, nth),
    profile: profileOf(name, client),
    clock,
    stream: streamOf(name, client),
    resumes: undefined,
  };
}

/** A client that comes back; without an offset it has heard nothing. `isTold`: its stream goes on. */
export function resume(
  name: string,
  { nth = 2, client = 1, offset, isTold = true }: Return & { offset: string | undefined },
): ConnectCommand {
  const stream = streamOf(name, client);
  return {
    ...connect(name, { nth, client }),
    stream: isTold ? stream : (`${stream}, after connection ${nth}` as StreamId),
    resumes: { stream, offset },
  };
}

interface Return {
  readonly nth?: number;
  readonly client?: number;
  readonly isTold?: boolean;
}

/** A client that comes back and lost the last few messages with its connection. */
export function comeBack(
  name: string,
  { lost = 0, ...options }: Return & { lost?: number } = {},
): (session: CoreSession) => Command {
  return (session) => resume(name, { ...options, offset: session.offsetOf(name, lost) });
}

/** The client has all that was sent so far. */
export function confirmAll(name: string, nth = 1): (session: CoreSession) => Command {
  return ({ state }) => {
    const sequence = state.members.get(name as MemberId)!.outbox.last;
    return { kind: 'confirm', connection: connectionOf(name, nth), sequence };
  };
}

export function streamOf(name: string, client = 1): StreamId {
  return `stream ${client} of ${name}` as StreamId;
}

export function disconnect(name: string, nth = 1): Command {
  return { kind: 'disconnect', connection: connectionOf(name, nth) };
}

export function leave(name: string, nth = 1): Command {
  return { kind: 'leave', connection: connectionOf(name, nth) };
}

export function connectionOf(name: string, nth = 1): ConnectionId {
  return `${name}-${nth}` as ConnectionId;
}

interface Saying {
  readonly nth?: number;
  readonly text?: string;
  /** For whom it is sealed. */
  readonly keys?: readonly string[];
}

export function broadcast(name: string, { nth = 1, text = 'hi', keys = [] }: Saying = {}): Command {
  return {
    kind: 'broadcast',
    connection: connectionOf(name, nth),
    keys: keysFor(keys),
    sealed: sealedOf(text),
  };
}

export function notify(
  name: string,
  target: string,
  { nth = 1, text = 'hi', keys = [target] }: Saying = {},
): Command {
  return {
    kind: 'notification',
    connection: connectionOf(name, nth),
    target: target as MemberId,
    keys: keysFor(keys),
    sealed: sealedOf(text),
  };
}

export function request(
  name: string,
  target: string,
  {
    id = 1,
    relayId = 'r1',
    nth = 1,
    text = 'q',
    keys = [target],
  }: Saying & { id?: number; relayId?: string } = {},
): Command {
  return {
    kind: 'request',
    connection: connectionOf(name, nth),
    id,
    relayId: relayId as RelayId,
    target: target as MemberId,
    keys: keysFor(keys),
    sealed: sealedOf(text),
  };
}

export function answer(
  name: string,
  to: string,
  {
    relayId = 'r1',
    isError = false,
    nth = 1,
    text = 'a',
    keys = [to],
  }: Saying & { relayId?: string; isError?: boolean } = {},
): Command {
  return {
    kind: 'answer',
    connection: connectionOf(name, nth),
    id: relayId as RelayId,
    isError,
    keys: keysFor(keys),
    sealed: sealedOf(text),
  };
}

export function askToJoin(name: string, nth = 1): Command {
  return {
    kind: 'ask-to-join',
    id: `join-${name}-${nth}` as JoinId,
    relayId: `question-${name}-${nth}` as RelayId,
    user: { id: `user-${name}`, name },
  };
}

export function answerJoin(
  by: string,
  name: string,
  { nth = 1, by: byNth = 1, approves = true } = {},
): Command {
  return {
    kind: 'answer-join',
    connection: connectionOf(by, byNth),
    id: `question-${name}-${nth}` as RelayId,
    workspace: approves ? { name: 'workspace' } : undefined,
  };
}

function keysFor(names: readonly string[]): SealKeys {
  return new Map(names.map((name) => [name as MemberId, { key: `wrapped for ${name}`, iv: 'iv' }]));
}

function sealedOf(text: string): Sealed {
  return { version: '0.3.0', compression: 'none', content: new TextEncoder().encode(text) };
}

/** An effect in a line: who gets what, on which connection. */
export function tell(effect: Effect): string {
  switch (effect.kind) {
    case 'send':
      return `${effect.connection} < ${tellMessage(effect.to, effect.message)}`;
    case 'expel':
      return `expel ${effect.connection}`;
    case 'turn-away':
      return `turn-away ${effect.connection}: ${effect.code}`;
    case 'member-resumed':
      return `resumed ${effect.member.id}`;
    case 'member-gapped':
      return `gap of ${effect.member.id}: ${effect.code}`;
    case 'refused':
      return `refused: ${effect.code}`;
    case 'member-joined':
      return `joined ${effect.member.id}`;
    case 'member-left':
      return `left ${effect.member.id}: ${effect.reason}`;
    case 'join-decided':
      return `${effect.id} ${effect.decision.kind}`;
    case 'join-forgotten':
      return `${effect.id} forgotten`;
    case 'ended':
      return `ended: ${effect.reason}`;
  }
}

function tellMessage(to: MemberId, message: Outgoing): string {
  if ('key' in message && message.key.key !== `wrapped for ${to}`) return `key of somebody else`;
  switch (message.kind) {
    case 'request':
    case 'notification':
    case 'broadcast': {
      const id = message.kind === 'request' ? ` ${message.id}` : '';
      return `${message.kind}${id} of ${message.origin}: ${textOf(message.sealed)}`;
    }
    case 'answer':
      return `${message.isError ? 'error' : 'answer'} to ${message.id}: ${textOf(message.sealed)}`;
    case 'failure':
      return `failure of ${message.id}`;
    case 'join-question':
      return `may ${message.user.name} join as ${message.id}?`;
    case 'identity':
      return `you are ${message.member.id}`;
    case 'member-joined':
      return `${message.member.id} joined`;
    case 'member-left':
      return `${message.member.id} left`;
    case 'session-closed':
      return `closed by ${message.host}: ${message.reason}`;
  }
}

function textOf({ content }: Sealed): string {
  return new TextDecoder().decode(content);
}
