/** What the admin API shows: edges, pins, drains, sessions, regions, settings, each as one strict shape. */
import { z } from 'zod';
import { loadSchema } from '#shared/control-protocol.ts';
import { statsdSchema } from '#shared/statsd-target.ts';
import { membersSchema, summariesSchema } from '#shared/session-views.ts';
import { fleetMetricsSchema } from '../metrics-setting.ts';

const count = z.number().int().nonnegative();
const text = z.string();

export const drainView = z.strictObject({
  edge: text,
  state: z.enum(['moving', 'waiting', 'drained', 'overdue']),
  moved: count,
  failed: count.describe('Tries to move a session that failed; each is tried again.'),
  left: count.describe('Sessions that are still on the edge.'),
});

export const statusView = z.strictObject({
  version: text,
  pid: count,
  worker: text.describe('Which front door of its supervisor it is, and of how many.'),
  frontDoors: z
    .array(z.strictObject({ name: text, version: text, isThis: z.boolean() }))
    .describe('Of the whole pool. One that was killed stands here for up to two minutes.'),
  uptimeSeconds: count,
  ports: z.record(text, count.optional()),
  edges: count,
  ready: count.describe('Edges that take new keys.'),
  held: count.describe('Edges that are well and get no new keys, in maintenance or for they leave.'),
  pins: count,
  drains: z.array(drainView),
});

export const edgeView = z.strictObject({
  id: text,
  kind: z.enum(['edge', 'static']),
  state: z
    .enum(['ready', 'full', 'suspect', 'draining', 'gone', 'maintenance', 'leaving'])
    .describe(
      'Only ready ones take new keys. maintenance: an administrator wants it so; leaving: it is in the settings no more.',
    ),
  incarnation: count,
  weight: count.describe('Share of new keys, beside that of the others.'),
  weightOfItsOwn: count.describe('What the weight is where no administrator has set another one.'),
  pins: count,
  score: z.number().describe('Load as the choice of an edge for a new key sees it.'),
  breaker: z
    .enum(['closed', 'open', 'half-open'])
    .describe(
      'Open: it failed so many exchanges of this front door in a row that it is not asked for a moment.',
    ),
  failures: z.number().describe('Share of the last exchanges that it failed, 0 to 1.'),
  latencyMs: z.number().describe('Mean time to the first byte of its last answers.'),
  sessionsMax: count,
  version: text,
  region: text,
  address: text,
  adminAddress: text,
  publicUrl: text.optional(),
  load: loadSchema.optional(),
});

export const pinView = z.strictObject({
  key: text,
  edge: text,
  incarnation: count,
  epoch: count,
  state: z.enum(['live', 'idle']),
  address: text,
  ownerIsOver: z.boolean(),
});

export const pinsView = z.strictObject({
  total: count,
  byEdge: z.record(text, count),
  pins: z.array(pinView),
});

export const verificationView = z.strictObject({
  edges: z.array(
    z.strictObject({
      edge: text,
      incarnation: count,
      state: z.enum(['answered', 'silent']),
      held: count,
      agreed: count,
      lost: count,
      outdated: count,
    }),
  ),
  keys: count,
  splits: z.array(
    z.strictObject({ key: text, owners: z.array(z.strictObject({ edge: text, epoch: count })) }),
  ),
});

export const sessionsView = z.strictObject({
  edges: z.array(summariesSchema.extend({ edge: text }).strict()),
  silent: z.array(text).describe('Edges that did not answer.'),
});

export const sessionView = membersSchema.extend({ edge: text }).strict();

export const metricsView = z.strictObject({
  version: count,
  fleet: fleetMetricsSchema.describe('What is set for all front doors, as PUT takes it.'),
  from: z.enum(['settings', 'fleet']).describe('Who names the StatsD server.'),
  statsd: statsdSchema.nullable().describe('Whom this front door tells.'),
  prometheus: z
    .strictObject({
      isServed: z.boolean().describe('Whether /metrics is there.'),
      networks: z.array(text).describe('Who of them asks needs no token.'),
      hasToken: z.boolean().describe('Whether a token lets others in.'),
    })
    .describe('/metrics on the port for clients of this front door.'),
});

export const regionsView = z.strictObject({
  version: count,
  regions: z.array(
    z.strictObject({
      name: text,
      cidrs: z.array(text),
      edges: z.array(z.strictObject({ id: text, state: text })),
      sessions: count,
    }),
  ),
});

const stored = {
  id: count,
  storedMs: count.describe('By the clock of the store, since 1970.'),
  boot: text,
  sequence: count,
  origin: text,
  incarnation: count,
  atMs: count.describe('By the clock of the origin, since 1970.'),
};

export const entriesView = z.strictObject({
  entries: z.array(
    z.strictObject({
      ...stored,
      event: text,
      key: text,
      user: text,
      subject: text,
      client: text,
      detail: text,
    }),
  ),
  next: count.optional().describe('The `before` of the next page; none on the last one.'),
});

export const samplesView = z.strictObject({
  samples: z.array(
    z.strictObject({
      ...stored,
      users: count,
      sessions: count,
      connections: count,
      messages: count,
      bytes: count,
      lagMs: z.number(),
      rssBytes: count,
    }),
  ),
  next: count.optional(),
});

export const settingsView = z.strictObject({
  file: text.optional().describe('The settings file, which a reload reads anew.'),
  settings: z.array(
    z.strictObject({
      name: text,
      value: text.describe('A secret shows as ***.'),
      origin: z.enum(['flag', 'environment', 'file', 'default']),
      isLive: z.boolean().describe('A reload changes it; others need a restart.'),
      help: text,
    }),
  ),
});

const settingChange = z.strictObject({
  name: text,
  before: text,
  after: text,
  isLive: z.boolean(),
});

export const reloadView = z.strictObject({
  outcome: z.enum(['applied', 'unchanged', 'possible', 'restart-needed']),
  changes: z.array(settingChange),
  refreshed: z.array(text).describe('Parts that took up their files anew.'),
  notes: z.array(text),
});
