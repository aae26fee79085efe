/** Operations of the admin API about the service as a whole: a part of the table in `admin-table.ts`. */
import { z } from 'zod';
import { nothing } from './operation.ts';
import type { Description } from './operation.ts';

const count = z.number().int().nonnegative();

export const serviceTable = {
  scrapeTargets: {
    method: 'GET',
    role: 'reader',
    path: '/admin/metrics/targets',
    query: nothing,
    body: nothing,
    summary: 'Where Prometheus reads the metrics of each edge, as its http_sd_configs take it.',
    answer: z.array(
      z.strictObject({
        targets: z.array(z.string()).describe('HOST:PORT of the admin port, one.'),
        labels: z.strictObject({ edge: z.string() }),
      }),
    ),
    refusals: [],
  },
  licence: {
    method: 'GET',
    role: 'reader',
    path: '/admin/licence',
    query: nothing,
    body: nothing,
    summary: 'The licence of the pool, and how much of it is used.',
    answer: z.strictObject({
      isLicensed: z.boolean(),
      licensee: z.string(),
      connectionsMax: count.describe('0 without a licence.'),
      connections: count.describe('Session connections that count; 0 without a licence.'),
      expiration: z.string().describe('YYYY/MM/DD.'),
      daysLeft: count,
      isExpired: z.boolean(),
      isNearlyFull: z.boolean().describe('Nine tenths are taken, or were a moment ago.'),
    }),
    refusals: [],
  },
  versions: {
    method: 'GET',
    role: 'reader',
    path: '/admin/versions',
    query: nothing,
    body: nothing,
    summary: 'Versions that run, and those that the registry of CT_REGISTRY_IMAGE has.',
    answer: z.strictObject({
      repository: z.string().describe('Empty where the settings name none.'),
      fault: z.string().describe('In words, why the registry could not be read; empty where it could.'),
      running: z.array(
        z.strictObject({
          version: z.string(),
          members: z.array(z.string()).describe('This front door, the others by their names, and edges.'),
          isInRegistry: z.boolean(),
        }),
      ),
      total: count.describe('Tags of the repository.'),
      tags: z
        .array(
          z.strictObject({
            tag: z.string(),
            runsOn: z.array(z.string()),
            isNewer: z.boolean().describe('Than this front door.'),
          }),
        )
        .describe('The newest ones first, 50 at most; as read within the last minute.'),
    }),
    refusals: [],
  },
} as const satisfies Record<string, Description>;
