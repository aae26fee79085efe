/**
 * What the journal keeps: entries on who did what to which session or edge, and samples of how much an edge is used. A record is
 * known by its boot and number, so that it may be told twice and is kept once. No key, token or content is in any.
 */
import { z } from 'zod';
import { journalEvents, textMax } from './journal-words.ts';
import type { JournalEvent } from './journal-words.ts';

const events = Object.keys(journalEvents) as [JournalEvent, ...JournalEvent[]];

const count = z.number().int().nonnegative();
const measure = z.number().nonnegative();
const text = (max: number): z.ZodType<string> =>
  z
    .string()
    .max(max)
    .regex(/^\P{C}*$/u);

/** Which record it is: they rise by one from 1 within the life of a process. */
const identity = {
  boot: z.string().regex(/^[A-Za-z0-9-]{8,64}$/),
  sequence: count.min(1),
  /** Edge id, or `front:HOST`. */
  origin: text(textMax.origin),
  /** 0 for front doors. */
  incarnation: count,
  /** Time of the origin's own clock since 1970. */
  atMs: count,
};

const entrySchema = z.strictObject({
  kind: z.literal('entry'),
  ...identity,
  event: z.enum(events),
  /** Hash of the session's key, as the log has it; empty where there is none, as are the others. */
  key: text(textMax.key),
  user: text(textMax.user),
  /** Hash of who it was, the same with each login; for the history alone. */
  person: text(textMax.person).default(''),
  /** Name of the member, or the edge that it is about. */
  subject: text(textMax.subject),
  client: text(textMax.client),
  detail: text(textMax.detail),
});

const usageSchema = z.strictObject({
  kind: z.literal('usage'),
  ...identity,
  /** At this moment. */
  users: count,
  sessions: count,
  connections: count,
  /** Since the sample before. */
  messages: count,
  bytes: count,
  /** 99th percentile of how late the event loop was since then. */
  lagMs: measure,
  rssBytes: count,
});

/** The whole pool as a front door saw it, since its sample before. */
const poolSchema = z.strictObject({
  kind: z.literal('pool'),
  ...identity,
  /** Most at once. */
  peakConnections: count,
  /** Mean over all edges. */
  lagMs: measure,
});

/** Clients that were fetched from a front door, since it told before. */
const downloadSchema = z.strictObject({
  kind: z.literal('download'),
  ...identity,
  client: text(textMax.client),
  version: text(textMax.client),
  count,
});

/** What front doors tell of themselves, and edges do not. */
export const journalRecordSchema = z.discriminatedUnion('kind', [
  entrySchema,
  usageSchema,
  poolSchema,
  downloadSchema,
]);

export type JournalEntry = z.infer<typeof entrySchema>;
export type UsageSample = z.infer<typeof usageSchema>;
export type PoolSample = z.infer<typeof poolSchema>;
export type DownloadTally = z.infer<typeof downloadSchema>;
export type JournalRecord = z.infer<typeof journalRecordSchema>;

/** One line of a spool, or undefined where it is none, as the last one of a process that was killed amid it. */
export function parseRecord(line: string): JournalRecord | undefined {
  try {
    return journalRecordSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
