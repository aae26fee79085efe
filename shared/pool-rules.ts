/**
 * Rules of sessions that administrators change while the pool runs: who may host, and when sessions end by themselves. Front doors
 * keep them in the directory and tell them to every edge.
 */
import { z } from 'zod';
import { bannerSchema } from './banner.ts';
import { readClientName, unidentified } from './client-name.ts';
import { isOlderVersion } from './registry/order-tags.ts';

const version = z
  .string()
  .max(32)
  .regex(/^\d{1,9}(\.\d{1,9}){0,3}([-+][A-Za-z0-9.-]{1,20})?$/, 'is no version, such as 0.3.8');
const clientsMax = 50;

/** Who may begin a session, as a client of the Open Collaboration Protocol. */
export const hostingSchema = z.strictObject({
  minimumVersion: version
    .nullable()
    .default(null)
    .describe('Of every client that names its version; null: any.'),
  clients: z
    .record(z.string().min(1).max(64), version)
    .refine((clients) => Object.keys(clients).length <= clientsMax, `has more than ${clientsMax} clients`)
    .default({})
    .describe(
      'The same of clients by their name, as GET /admin/history/clients has it; goes before the one of all.',
    ),
  unidentified: z
    .enum(['allow', 'refuse'])
    .default('allow')
    .describe('Clients that name no version, where one is asked for.'),
});

const minutes = z.number().int().min(0).max(10_080).nullable().default(null);

/** When sessions end by themselves; null: as the settings of each edge say, 0: never. */
export const endsSchema = z.strictObject({
  withoutGuestsMinutes: minutes.describe(
    'Without a guest ever; null: CT_END_WITHOUT_GUESTS_MINUTES of each edge; 0: never.',
  ),
  afterGuestsMinutes: minutes.describe(
    'After the last guest left; null: CT_END_AFTER_GUESTS_MINUTES; 0: never.',
  ),
  idleMinutes: minutes.describe('In which nothing is said; null: CT_END_IDLE_MINUTES; 0: never.'),
});

export type Hosting = z.output<typeof hostingSchema>;
export type SessionEnds = z.output<typeof endsSchema>;

const count = z.number().int().nonnegative();

/** As edges are told them. */
export const poolRulesSchema = z.object({
  /** Rises with each change; for edges that know no versions of each rule. */
  version: count,
  /** Of each: two front doors may each know another one first. Front doors that are older do not say. */
  versions: z
    .object({ hosting: count, ends: count, banner: count.default(0) })
    .default({ hosting: 0, ends: 0, banner: 0 }),
  hosting: hostingSchema,
  ends: endsSchema,
  /** While it is shown. */
  banner: bannerSchema.nullable().default(null),
});

export type PoolRules = z.output<typeof poolRulesSchema>;

export const anyHosting: Hosting = { minimumVersion: null, clients: {}, unidentified: 'allow' };
export const ownEnds: SessionEnds = {
  withoutGuestsMinutes: null,
  afterGuestsMinutes: null,
  idleMinutes: null,
};

/** Why a client may not host, in words for its user; undefined where it may. `told` is what it says of itself. */
export function hostingRefusal(hosting: Hosting, told: string): string | undefined {
  const { client, version: own } = readClientName(told);
  const needed = Object.hasOwn(hosting.clients, client) ? hosting.clients[client]! : hosting.minimumVersion;
  if (needed === null) return undefined;
  const name = client === unidentified.client ? 'this client' : client;
  if (own === '')
    return hosting.unidentified === 'allow'
      ? undefined
      : `This server lets clients host from version ${needed} on, and ${name} does not say which one it is.`;
  if (!isOlderVersion(own, needed)) return undefined;
  return `This server lets ${name} host from version ${needed} on; yours is ${own}. Update it, or join the session of somebody else.`;
}

/** As it comes with a lease. */
export interface RulesOrder {
  readonly type: 'rules';
  readonly rules: unknown;
}
