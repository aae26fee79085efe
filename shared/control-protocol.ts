/**
 * Messages between an edge and a front door over the control WebSocket: JSON text frames, one schema per
 * direction, so that a wrong-way message cannot be written. The edge opens the connection with
 * `Authorization: Bearer JOIN-TOKEN`; its first message is `hello`.
 */
import { z } from 'zod';
import { claimBuckets } from './claim-digest.ts';
import { handoffOfferSchema } from './handoff-offer.ts';
import { regionPattern } from './regions.ts';
import { journalRecordSchema } from './journal/journal-record.ts';
import { recordsPerMessageMax } from './journal/journal-words.ts';
import { isSocketAddress } from './socket-path.ts';

export const controlPath = '/control';
/** Largest control message; a report names at most `reportKeysMax` keys. */
export const controlMessageMaxBytes = 1_048_576;
export const reportKeysMax = 2_000;
export const controlProtocolVersion = 3;
/** Sessions named in one message. */
export const listedSessionsMax = 1_000;
/** Claims named in one message. */
export const listedClaimsMax = 1_000;

const count = z.number().int().nonnegative();
const measure = z.number().nonnegative();
/** Load of an edge over the last report interval. */
export const loadSchema = z.object({
  sessions: count,
  members: count,
  /** Different people among the members; edges that are older do not say. */
  users: count.default(0),
  sockets: z.object({ websocket: count, polling: count }),
  messagesPerSecond: measure,
  bytesPerSecond: measure,
  eventLoopDelayMs: z.object({ p50: measure, p99: measure, max: measure }),
  /** 0 to 1. */
  eventLoopUtilisation: measure,
  rssBytes: count,
  heapUsedBytes: count,
  outboxBytes: count,
});

const keyStateSchema = z.object({ key: z.string(), epoch: count });

/** `edge-1:3001` is a URL too, of the scheme `edge-1`. */
const addressSchema = z.union([z.url({ protocol: /^https?$/ }), z.string().refine(isSocketAddress)]);

const helloSchema = z.object({
  type: z.literal('hello'),
  protocol: z.number().int(),
  edgeId: z.string(),
  /** Random per process: one boot gets one incarnation, through however many front doors it joins. */
  bootId: z.string().min(8).max(64),
  /** What another front door has said this boot's is; none while no front door has. */
  incarnation: z.number().int().positive().optional(),
  address: addressSchema,
  adminAddress: z.string().max(256),
  version: z.string().max(64),
  weight: z.number().int().min(1).max(1_000),
  sessionsMax: z.number().int().positive(),
  /** New sessions of clients of this region go here rather than elsewhere. */
  region: z.string().regex(regionPattern),
  /** Hash of the cluster-wide settings; an edge whose hash differs is refused. */
  clusterHash: z.string(),
  /** Where clients with a ticket reach this edge by themselves; none where they do not. */
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .max(256)
    .optional(),
  /** It can be sent on to the successor of a front door. */
  follows: z.boolean().optional(),
  /** It knows of seats of a licence. */
  seats: z.boolean().optional(),
  /** Where the edge takes connections over from front doors of its own machine; none where it does not. */
  handoff: handoffOfferSchema.optional(),
});

const reportSchema = z.object({
  type: z.literal('report'),
  /** Rises by one per report of a connection; echoed in `lease`. */
  sequence: count,
  state: z.enum(['ready', 'full', 'draining']),
  load: loadSchema,
  /** The last placement (by epoch) that this edge has seen, so that the front door knows what the load includes. */
  lastEpoch: count,
  /** Keys whose last connection closed since the last report. */
  idle: z.array(keyStateSchema).max(reportKeysMax),
  /** Keys that were idle and have a connection again. */
  live: z.array(keyStateSchema).max(reportKeysMax),
});

const farewellSchema = z.object({ type: z.literal('farewell') });
/** The successor of this front door has answered a report: nothing is lost when the connection ends. */
const followedSchema = z.object({ type: z.literal('followed') });

/** Answer to `list-sessions`: the smallest sessions first, and how many there are in all. */
const sessionsSchema = z.object({
  type: z.literal('sessions'),
  request: count,
  total: count,
  keys: z.array(z.string()).max(listedSessionsMax),
});
/** The edge is to stop and asks for its sessions to be moved; answered by `evacuated`. */
const evacuateSchema = z.object({ type: z.literal('evacuate'), deadlineMs: count });
/** Sessions that this edge has let go and nobody took: it asks to have them back under the epoch that was kept for it. */
const strandedSchema = z.object({
  type: z.literal('stranded'),
  sessions: z.array(z.object({ key: z.string(), epoch: count, back: count })).max(listedSessionsMax),
});

/** Answer to `digest-claims`: sums per bucket (`shared/claim-digest.ts`) of the keys that are live here. */
const digestSchema = z.object({
  type: z.literal('digest'),
  request: count,
  /** Without a lease the edge has nothing to claim. */
  isServing: z.boolean(),
  sums: z.array(count).length(claimBuckets),
});
const claimSchema = z.object({
  key: z.string(),
  epoch: count,
  /** A connection is open; otherwise somebody asked for the key just now. */
  isOpen: z.boolean(),
});
/** Answer to `list-claims`, in the order of the keys' bytes. */
const claimsSchema = z.object({
  type: z.literal('claims'),
  request: count,
  claims: z.array(claimSchema).max(listedClaimsMax),
  isLast: z.boolean(),
});

/** Answer to `who-holds`. */
const holdsSchema = z.object({
  type: z.literal('holds'),
  request: count,
  /** 0 where the edge holds nothing of the key. */
  epoch: count,
  /** Since it sent the last report for which the store renewed its lease, through whichever front door. */
  renewedAgoMs: measure,
  /** Since it sent the oldest report that is some front door's last to have been answered; not there while one owes it a word. */
  heardAgoMs: measure.optional(),
});

/** For the journal, of this edge or of an earlier life of it; answered by `journal-taken` when they are stored. */
const journalSchema = z.object({
  type: z.literal('journal'),
  batch: count,
  records: z.array(journalRecordSchema).min(1).max(recordsPerMessageMax),
});

/** Seats of a licence: what the edge holds, and what newcomers ask for besides; answered by `seats`. Only where `licence` came. */
const claimSeatsSchema = z.object({
  type: z.literal('claim-seats'),
  sequence: count,
  held: count,
  wanted: count,
});

export const edgeMessageSchema = z.discriminatedUnion('type', [
  helloSchema,
  reportSchema,
  farewellSchema,
  sessionsSchema,
  evacuateSchema,
  strandedSchema,
  journalSchema,
  digestSchema,
  claimsSchema,
  holdsSchema,
  claimSeatsSchema,
  followedSchema,
]);

const welcomeSchema = z.object({
  type: z.literal('welcome'),
  incarnation: z.number().int().positive(),
  /** Random per front door process: two addresses may lead to one. */
  door: z.string().min(8).max(64),
  /** As a `promise`, counted from the hello: the store did not answer, and the edge was taken at its word. */
  promised: z.boolean().optional(),
});
const leaseSchema = z.object({
  type: z.literal('lease'),
  sequence: count,
  /** False: this incarnation is over and the edge must stop serving. */
  renewed: z.boolean(),
  /** Where they are new to this connection; of a newer front door they may be more than this edge reads. */
  rules: z.unknown().optional(),
});
/** The store did not answer to the report of this sequence: this front door moves none of the edge's pins for a lease. */
const promiseSchema = z.object({ type: z.literal('promise'), sequence: count });
/**
 * Another process listens at this front door's address, and takes its place: the edge joins it besides, and says `followed` here. Told
 * to edges whose hello says that they follow.
 */
const successorSchema = z.object({ type: z.literal('successor') });
const farewellTakenSchema = z.object({ type: z.literal('farewell-taken') });

/** From now on the edge reports `draining`, or does not any more. */
const drainSchema = z.object({ type: z.literal('drain'), on: z.boolean() });
const listSessionsSchema = z.object({ type: z.literal('list-sessions'), request: count });
const digestClaimsSchema = z.object({ type: z.literal('digest-claims'), request: count });
/** Keys of one bucket, or of all, after `after` in the order of their bytes. */
const listClaimsSchema = z.object({
  type: z.literal('list-claims'),
  request: count,
  bucket: z
    .number()
    .int()
    .min(0)
    .max(claimBuckets - 1)
    .optional(),
  after: z.string().max(128),
});
const whoHoldsSchema = z.object({ type: z.literal('who-holds'), request: count, key: z.string() });
/** These epochs of keys are over: the edge closes their sessions and serves them no more. */
const fenceSchema = z.object({
  type: z.literal('fence'),
  sessions: z.array(keyStateSchema).max(listedClaimsMax),
});
/** The session of this key and epoch has its next owner: what was kept of it is needed no more. */
const movedSchema = z.object({ type: z.literal('moved'), key: z.string(), epoch: count });
/** The edge stops as on SIGTERM; whoever supervises it starts it again. */
const stopSchema = z.object({ type: z.literal('stop') });
/** Nothing is left to be moved, or nobody could take it. */
const evacuatedSchema = z.object({ type: z.literal('evacuated') });

const journalTakenSchema = z.object({ type: z.literal('journal-taken'), batch: count });

/** Whether newcomers need a seat; told to edges whose hello says that they know of seats. */
const licenceSchema = z.object({ type: z.literal('licence'), isLimited: z.boolean() });
const seatsSchema = z.object({
  type: z.literal('seats'),
  sequence: count,
  /** Of what was wanted. */
  granted: count,
  /** Why the others get none. */
  refusal: z.enum(['full', 'expired']),
  /** The store does not have it: to be claimed again. */
  isProvisional: z.boolean(),
});

export const frontDoorMessageSchema = z.discriminatedUnion('type', [
  welcomeSchema,
  leaseSchema,
  farewellTakenSchema,
  drainSchema,
  listSessionsSchema,
  movedSchema,
  stopSchema,
  evacuatedSchema,
  journalTakenSchema,
  digestClaimsSchema,
  listClaimsSchema,
  fenceSchema,
  promiseSchema,
  whoHoldsSchema,
  licenceSchema,
  seatsSchema,
  successorSchema,
]);

export type EdgeHello = z.infer<typeof helloSchema>;
export type EdgeReport = z.infer<typeof reportSchema>;
export type EdgeLoad = z.infer<typeof loadSchema>;
export type EdgeMessage = z.infer<typeof edgeMessageSchema>;
export type FrontDoorMessage = z.infer<typeof frontDoorMessageSchema>;
export type StrandedSession = z.infer<typeof strandedSchema>['sessions'][number];
/** What a front door asks of an edge, beside the answers to what the edge says. */
export type FrontDoorOrder = Exclude<
  FrontDoorMessage,
  { type: 'welcome' | 'lease' | 'promise' | 'farewell-taken' | 'evacuated' | 'successor' }
>;
export type ClaimedKey = z.infer<typeof claimSchema>;
export type KeyState = z.infer<typeof keyStateSchema>;

/** Close codes of the control connection, beside those of RFC 6455. */
export const controlCloseCodes = {
  /** Bad hello, message or protocol version. */
  protocol: 4400,
  /** Cluster settings differ. */
  settings: 4409,
  /** A newer process took the edge id over. */
  superseded: 4410,
  /** The same process has a newer connection to this front door, perhaps by another address. */
  duplicate: 4411,
} as const;

/** Parses one message of either direction; undefined where it is not one. */
export function parseControlMessage<T>(schema: z.ZodType<T>, text: string): T | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
