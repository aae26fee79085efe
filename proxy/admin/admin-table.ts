/**
 * Every operation of the front door's admin API, in one table: the server, the OpenAPI document and the page in docs/
 * are made of it. What each does is in `*-handlers.ts`.
 */
import { z } from 'zod';
import { fleetMetricsSchema } from '../metrics-setting.ts';
import {
  drainView,
  edgeView,
  entriesView,
  pinsView,
  pinView,
  metricsView,
  regionsView,
  reloadView,
  samplesView,
  sessionsView,
  sessionView,
  settingsView,
  statusView,
  verificationView,
} from './answers.ts';
import { historyTable } from './history-table.ts';
import { nothing } from './operation.ts';
import { poolSettingTable } from './pool-setting-table.ts';
import type { Description } from './operation.ts';
import { serviceTable } from './service-table.ts';

const count = z.number().int().nonnegative();
const edge = z.string().max(64).describe('Name of an edge or static backend.');
const key = z.string().max(256).describe('The session key (ctstickiness).');
const limit = z
  .number()
  .int()
  .min(1)
  .max(1_000)
  .optional()
  .describe('Entries of one answer; 100 unless given.');
const deadlineMaxSeconds = 86_400;
const look = { method: 'GET', role: 'reader', query: nothing, body: nothing, refusals: [] } as const;
const act = { method: 'POST', role: 'admin', query: nothing } as const;
/** What changes a setting of the whole fleet. */
const stored = ['body-invalid', 'stored-unreadable', 'directory-unavailable'] as const;
const page = {
  since: count.optional().describe('Stored then or later, in ms since 1970.'),
  before: count.optional().describe('The `next` of the page before.'),
  limit,
};

export const adminTable = {
  document: {
    ...look,
    path: '/admin/openapi.json',
    summary: 'This description of the admin API.',
    answer: z.looseObject({ openapi: z.string() }),
  },
  status: { ...look, path: '/admin/status', summary: 'State of this front door.', answer: statusView },
  edges: {
    ...look,
    path: '/admin/edges',
    summary: 'Edges and static backends with state, load and weight.',
    answer: z.strictObject({ edges: z.array(edgeView) }),
    refusals: ['directory-unavailable'],
  },
  pins: {
    ...look,
    path: '/admin/pins',
    summary: 'How many pins there are, by edge; the newest of all, or the live ones of one edge.',
    query: z.strictObject({ limit, edge: edge.optional() }),
    answer: pinsView,
    refusals: ['query-invalid', 'edge-unknown', 'directory-unavailable'],
  },
  where: {
    ...look,
    path: '/admin/where',
    summary: 'The pin of one key; places nothing.',
    query: z.strictObject({ key: key.optional() }),
    answer: pinView,
    refusals: ['query-invalid', 'key-invalid', 'session-not-found', 'directory-unavailable'],
  },
  verify: {
    ...look,
    path: '/admin/verify',
    summary: 'Asks every edge what it holds, and compares: no key may have two owners.',
    answer: verificationView,
    refusals: ['directory-unavailable'],
  },
  sessions: {
    ...look,
    path: '/admin/sessions',
    summary: 'Sessions of all edges or of one, or the members of one session.',
    query: z.strictObject({ key: key.optional(), edge: edge.optional() }),
    answer: z.union([sessionsView, sessionView]),
    refusals: [
      'query-invalid',
      'key-invalid',
      'edge-unknown',
      'session-not-found',
      'upstream-refused',
      'upstream-timeout',
    ],
  },
  drains: {
    ...look,
    path: '/admin/drains',
    summary: 'Edges that are being emptied through this front door.',
    answer: z.strictObject({ drains: z.array(drainView) }),
  },
  audit: {
    ...look,
    path: '/admin/audit',
    summary: 'Who did what to which session or edge, newest first.',
    query: z.strictObject({ ...page, session: key.optional() }),
    answer: entriesView,
    refusals: ['query-invalid', 'key-invalid', 'journal-unavailable'],
  },
  usage: {
    ...look,
    path: '/admin/usage',
    summary: 'How much edges were used, a sample for each minute and edge, newest first.',
    query: z.strictObject({ ...page, edge: edge.optional() }),
    answer: samplesView,
    refusals: ['query-invalid', 'edge-unknown', 'journal-unavailable'],
  },
  ...historyTable,
  ...poolSettingTable,
  regions: {
    ...look,
    path: '/admin/regions',
    summary: 'Regions of clients, with their CIDRs and edges.',
    answer: regionsView,
    refusals: ['directory-unavailable'],
  },
  metrics: {
    ...look,
    path: '/admin/metrics',
    summary:
      'Which StatsD server this front door tells, whether Prometheus finds /metrics on its port for clients, and who says so.',
    answer: metricsView,
    refusals: ['directory-unavailable'],
  },
  setMetrics: {
    ...act,
    method: 'PUT',
    path: '/admin/metrics',
    summary:
      'Replaces what is set for all front doors: the StatsD server that they tell, and whether they serve /metrics to clients.',
    body: z.strictObject({
      version: count.optional().describe('As it was read; without it, it is replaced whatever it is.'),
      ...fleetMetricsSchema.shape,
    }),
    answer: metricsView,
    refusals: ['setting-changed', ...stored],
  },
  settings: {
    ...look,
    path: '/admin/settings',
    summary: 'The settings that this front door runs with, and where each comes from; secrets are masked.',
    answer: settingsView,
  },
  setRegions: {
    ...act,
    method: 'PUT',
    path: '/admin/regions',
    summary: 'Replaces the table of regions.',
    body: z.strictObject({
      version: count.optional().describe('As it was read; without it the table is replaced whatever it is.'),
      regions: z.record(z.string().max(256), z.array(z.string().max(256))),
    }),
    answer: regionsView,
    refusals: ['regions-invalid', 'regions-changed', ...stored],
  },
  move: {
    ...act,
    path: '/admin/move',
    summary: 'Moves one session to another edge, with its members.',
    body: z.strictObject({ key, edge }),
    answer: z.strictObject({ key, edge, incarnation: count, epoch: count }),
    refusals: [
      'body-invalid',
      'key-invalid',
      'edge-unknown',
      'edge-not-ready',
      'session-not-found',
      'session-here',
      'move-running',
      'move-unsupported',
      'move-failed',
    ],
  },
  drain: {
    ...act,
    path: '/admin/drain',
    summary: 'Moves all sessions of an edge away; it gets no new ones until it is undrained or starts anew.',
    body: z.strictObject({ edge, deadlineSeconds: z.number().int().min(1).max(deadlineMaxSeconds) }),
    answer: drainView,
    refusals: ['body-invalid', 'edge-unknown', 'edge-not-ready', 'move-unsupported'],
  },
  undrain: {
    ...act,
    path: '/admin/undrain',
    summary: 'Lets an edge take sessions again that was being emptied.',
    body: z.strictObject({ edge }),
    answer: z.strictObject({ edge }),
    refusals: ['body-invalid', 'edge-unknown', 'edge-not-draining', 'move-unsupported'],
  },
  maintenance: {
    ...act,
    path: '/admin/maintenance',
    summary:
      'An edge or backend takes no new keys and keeps its sessions, also over its restart; or takes them again.',
    body: z.strictObject({ edge, on: z.boolean() }),
    answer: z.strictObject({ edge, on: z.boolean() }),
    refusals: ['edge-unknown', 'steering-changed', ...stored],
  },
  weight: {
    ...act,
    path: '/admin/weight',
    summary: 'Sets the share of new keys that an edge or backend gets, or gives it back the one of its own.',
    body: z.strictObject({
      edge,
      weight: z.number().int().min(1).max(1_000).nullable().describe('null: the weight of its own.'),
    }),
    answer: z.strictObject({ edge, weight: count }),
    refusals: ['edge-unknown', 'steering-changed', ...stored],
  },
  evict: {
    ...act,
    path: '/admin/evict',
    summary: 'Removes a pin, so that its key is placed anew. A session that runs has to be ended first.',
    body: z.strictObject({
      key,
      endSession: z.boolean().default(false).describe('Ends the session that runs; else it is refused.'),
    }),
    answer: z.strictObject({ key, edge, epoch: count }),
    refusals: [
      'body-invalid',
      'key-invalid',
      'session-not-found',
      'session-live',
      'edge-not-ready',
      'upstream-refused',
      'upstream-timeout',
      'directory-unavailable',
    ],
  },
  end: {
    ...act,
    path: '/admin/end',
    summary: 'Ends a session: its members are told, and their tokens open it no more.',
    body: z.strictObject({ key }),
    answer: z.strictObject({ edge }),
    refusals: ['body-invalid', 'key-invalid', 'session-not-found', 'upstream-refused', 'roster-unavailable'],
  },
  remove: {
    ...act,
    path: '/admin/remove',
    summary: 'Takes a member out of a session, for good where it is banned.',
    body: z.strictObject({ key, member: z.string().min(1).max(64), isBanned: z.boolean() }),
    answer: z.strictObject({ edge }),
    refusals: [
      'body-invalid',
      'key-invalid',
      'session-not-found',
      'member-not-found',
      'ban-refused',
      'upstream-refused',
      'roster-unavailable',
    ],
  },
  stop: {
    ...act,
    path: '/admin/stop',
    summary: 'Tells an edge to stop; its supervisor starts it again.',
    body: z.strictObject({ edge }),
    answer: z.strictObject({ edge }),
    refusals: ['body-invalid', 'edge-unknown', 'edge-not-ready', 'move-unsupported'],
  },
  replace: {
    ...act,
    path: '/admin/replace',
    summary: 'Has the supervisor replace this front door by a new process; connections go on.',
    body: nothing,
    answer: z.strictObject({ pid: count.describe('Of the process that is being replaced.') }),
    refusals: ['body-invalid', 'replace-unsupported', 'settings-invalid', 'restart-needed'],
  },
  ...serviceTable,
  reload: {
    ...act,
    path: '/admin/reload',
    summary:
      'Reads the settings anew and applies what differs, all of it or nothing; no connection is touched.',
    body: z.strictObject({ dryRun: z.boolean().default(false).describe('Only shows what would change.') }),
    answer: reloadView,
    refusals: ['body-invalid', 'settings-invalid', 'restart-needed', 'reload-running'],
  },
} as const satisfies Record<string, Description>;

export type AdminTable = typeof adminTable;
