/**
 * What administrators see of sessions and may do to them, as front door and edge say it to each other. Names and
 * figures, never content.
 */
import { z } from 'zod';

/** Addresses of an edge by which a front door administers its sessions; no client's path leads there. */
export const adminTargets = {
  list: '/ct-admin/sessions',
  show: '/ct-admin/session',
  end: '/ct-admin/end',
  remove: '/ct-admin/remove',
} as const;

/** Sessions in one answer, the largest first. */
export const sessionsListedMax = 1_000;
export const membersListedMax = 1_000;

const count = z.number().nonnegative();
const adapterSchema = z.enum(['oct', 'y']);

const summarySchema = z.object({
  key: z.string(),
  adapter: adapterSchema,
  members: count,
  outboxBytes: count,
});

const memberSchema = z.object({
  id: z.string(),
  adapter: adapterSchema,
  /** As the login has it; members of y-websocket have none. */
  name: z.string().optional(),
  email: z.string().optional(),
  role: z.enum(['host', 'guest', 'writer']),
  document: z.string().optional(),
  /** What the client says that it is. */
  client: z.string(),
  transport: z.enum(['websocket', 'polling', 'away']),
  /** Since the connection began, or since the member is away. */
  sinceSeconds: count,
  messagesPerSecond: count,
  bytesPerSecond: count,
});

export const summariesSchema = z.object({ total: count, sessions: z.array(summarySchema) });
export const membersSchema = z.object({ total: count, members: z.array(memberSchema) });

export type SessionSummary = z.infer<typeof summarySchema>;
export type MemberView = z.infer<typeof memberSchema>;

export const removalSchema = z.object({ member: z.string().min(1).max(64), isBanned: z.boolean() });
