/**
 * Sessions of the pure core for tests: commands by the names of their members, effects as lines of text. A
 * member's id is its name, ann is the host, and a member's connections are called `bob-1`, `bob-2` and so on.
 */
import { applyCommand } from '../../edge/core/session.ts';
import type { Command, Effect } from '../../edge/core/session-command.ts';
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
} from '../../edge/core/session-state.ts';

export const testBirth = 3 * 2 ** 20;
const testLimits: SessionLimits = { membersMax: 4, hostGraceMs: 20_000, waitingMaxBytes: 10_000 };

/** One session with its clock. */
export class CoreSession {
  state: SessionState;
  nowMs = 0;

  constructor(limits: Partial<SessionLimits> = {}) {
    this.state = openSession(testBirth, { ...testLimits, ...limits }, this.nowMs);
  }

  apply(command: Command): readonly Effect[] {
    const { state, effects } = applyCommand(this.state, command, this.nowMs);
    this.state = state;
    return effects;
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

/** `client` 2 is a client that was started anew: same token, other public key. */
export function connect(name: string, { nth = 1, client = 1, clock = testBirth } = {}): Command {
  return { kind: 'connect', connection: connectionOf(name, nth), profile: profileOf(name, client), clock };
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
    case 'turn-away':
      return `${effect.kind} ${effect.connection}`;
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
      return `closed by ${message.host}`;
  }
}

function textOf({ content }: Sealed): string {
  return new TextDecoder().decode(content);
}
