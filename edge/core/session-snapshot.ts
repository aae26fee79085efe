/**
 * A session as another edge can go on with it: roster, outboxes with their offsets, requests and joins that wait,
 * clocks. Plain data for any encoder. Times travel as what is left or past of them, for no clock of one
 * machine is compared with another's; content that many members wait for travels once.
 */
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import type { Outbox, OutboxEntry } from './outbox.ts';
import type { SessionLife } from './session-life.ts';
import type { JoinRequest, Member, Outgoing, PendingRequest, Sealed, SessionState } from './session-state.ts';

/** Rises when the shape changes; an edge reads no other than its own. */
export const snapshotVersion = 1;

const count = z.number().int().nonnegative();
const userSchema = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string().optional(),
  authProvider: z.string().optional(),
});
const profileSchema = z.object({
  id: z.string(),
  user: userSchema,
  isHost: z.boolean(),
  publicKey: z.string(),
  compressions: z.array(z.string()),
});
const sealedSchema = z.object({
  version: z.string(),
  compression: z.string(),
  content: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
});
const requestIdSchema = z.union([z.string(), z.number()]);
/** A sealed message names its content by its place in `contents`. */
const sealedFields = { key: z.object({ key: z.string(), iv: z.string() }), content: count };
const messageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('request'), id: z.string(), origin: z.string(), ...sealedFields }),
  z.object({ kind: z.literal('notification'), origin: z.string(), ...sealedFields }),
  z.object({ kind: z.literal('broadcast'), origin: z.string(), ...sealedFields }),
  z.object({ kind: z.literal('answer'), id: requestIdSchema, isError: z.boolean(), ...sealedFields }),
  z.object({ kind: z.literal('failure'), id: requestIdSchema }),
  z.object({ kind: z.literal('join-question'), id: z.string(), user: userSchema }),
  z.object({ kind: z.enum(['identity', 'member-joined', 'member-left']), member: profileSchema }),
  z.object({ kind: z.literal('session-closed'), host: z.string().optional() }),
]);
const memberSchema = z.object({
  profile: profileSchema,
  awayMs: z.number(),
  stream: z.string(),
  outbox: z.object({
    sinceEpoch: count,
    start: count,
    base: count,
    last: count,
    overrun: z.enum(['outbox-bytes-exceeded', 'outbox-count-exceeded', 'outbox-age-exceeded']).optional(),
    entries: z.array(z.object({ sequence: count, ageMs: z.number(), bytes: count, message: messageSchema })),
  }),
});

const requestsSchema = z.array(
  z.object({
    relayId: z.string(),
    origin: z.string(),
    id: requestIdSchema,
    target: z.string(),
    leftMs: z.number(),
  }),
);

const snapshotSchema = z.object({
  version: z.literal(snapshotVersion),
  birth: count,
  clock: count,
  epoch: count,
  sequenceFloor: count,
  /** Left until the session ends without its host. */
  hostLeftMs: z.number(),
  life: z.object({
    withoutGuests: z.object({ forMs: z.number(), hadGuests: z.boolean() }).optional(),
    quietMs: z.number(),
  }),
  bans: z.array(z.string()),
  contents: z.array(sealedSchema),
  members: z.array(memberSchema),
  requests: requestsSchema,
  joins: z.array(
    z.object({
      id: z.string(),
      relayId: z.string(),
      user: userSchema,
      stage: z.enum(['unasked', 'asked', 'decided']),
      grant: z.object({ clock: count, workspace: z.record(z.string(), z.unknown()) }).optional(),
      leftMs: z.number(),
    }),
  ),
});

export type SessionSnapshot = z.infer<typeof snapshotSchema>;
export type MessageSnapshot = z.infer<typeof messageSchema>;

/** Takes the snapshot of a session whose members have all gone; throws where one is still connected. */
export function takeSnapshot(state: SessionState, nowMs: number): SessionSnapshot {
  const contents = new ContentTable();
  return {
    version: snapshotVersion,
    birth: state.birth,
    clock: state.clock,
    epoch: state.epoch,
    sequenceFloor: state.sequenceFloor,
    hostLeftMs: state.hostDueMs === undefined ? state.limits.hostGraceMs : state.hostDueMs - nowMs,
    life: toLife(state.life, nowMs),
    bans: [...state.bans],
    members: [...state.members.values()].map((member) => toMember(member, contents, nowMs)),
    requests: takeRequests(state.requests, nowMs),
    joins: [...state.joins.values()].map((join) => toJoin(join, nowMs)),
    contents: contents.list,
  };
}

/** The requests of a session alone. */
export function takeRequests(requests: SessionState['requests'], nowMs: number): SessionSnapshot['requests'] {
  return [...requests].map(([relayId, request]) => toRequest(relayId, request, nowMs));
}

/** Throws `snapshot-refused`. */
export function readRequests(value: unknown): SessionSnapshot['requests'] {
  const parsed = requestsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('snapshot-refused', { facts: { reason: 'no requests' } });
}

/** Throws `snapshot-refused` for what is no snapshot of this version. */
export function readSnapshot(value: unknown): SessionSnapshot {
  const parsed = snapshotSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { version } = (value ?? {}) as { readonly version?: unknown };
  const reason = parsed.error.issues[0]?.path.join('.');
  throw new AppError('snapshot-refused', { facts: { version, reason } });
}

/** Content by identity: a broadcast waits in many outboxes as one object. */
class ContentTable {
  readonly list: Sealed[] = [];
  readonly #places = new Map<Sealed, number>();

  placeOf(sealed: Sealed): number {
    const known = this.#places.get(sealed);
    if (known !== undefined) return known;
    this.#places.set(sealed, this.list.length);
    return this.list.push(sealed) - 1;
  }
}

function toLife({ withoutGuests, lastSaidMs }: SessionLife, nowMs: number): SessionSnapshot['life'] {
  const quietMs = nowMs - lastSaidMs;
  if (withoutGuests === undefined) return { quietMs };
  const { sinceMs, hadGuests } = withoutGuests;
  return { quietMs, withoutGuests: { forMs: nowMs - sinceMs, hadGuests } };
}

function toMember(member: Member, contents: ContentTable, nowMs: number): SessionSnapshot['members'][number] {
  const { profile, presence, stream, outbox } = member;
  if (presence.kind === 'connected') throw new Error('a member of a session that moves is still connected');
  return {
    profile: { ...profile, compressions: [...profile.compressions] },
    awayMs: nowMs - presence.sinceMs,
    stream,
    outbox: toOutbox(outbox, contents, nowMs),
  };
}

function toOutbox(
  outbox: Outbox<Outgoing>,
  contents: ContentTable,
  nowMs: number,
): SessionSnapshot['members'][number]['outbox'] {
  const { sinceEpoch, start, base, last, overrun } = outbox;
  const toEntry = ({ sequence, atMs, bytes, message }: OutboxEntry<Outgoing>) => ({
    sequence,
    ageMs: nowMs - atMs,
    bytes,
    message: toMessage(message, contents),
  });
  return { sinceEpoch, start, base, last, overrun, entries: outbox.chunks.flat().map(toEntry) };
}

function toMessage(message: Outgoing, contents: ContentTable): MessageSnapshot {
  if ('sealed' in message) {
    const { sealed, key, ...rest } = message;
    return { ...rest, key: { key: key.key, iv: key.iv }, content: contents.placeOf(sealed) };
  }
  if (!('member' in message)) return message;
  const { kind, member } = message;
  return { kind, member: { ...member, compressions: [...member.compressions] } };
}

function toRequest(
  relayId: string,
  { origin, id, target, dueMs }: PendingRequest,
  nowMs: number,
): SessionSnapshot['requests'][number] {
  return { relayId, origin, id, target, leftMs: dueMs - nowMs };
}

function toJoin({ dueMs, grant, ...join }: JoinRequest, nowMs: number): SessionSnapshot['joins'][number] {
  const leftMs = dueMs - nowMs;
  if (grant === undefined) return { ...join, leftMs };
  return { ...join, grant: { clock: grant.clock, workspace: { ...grant.workspace } }, leftMs };
}
