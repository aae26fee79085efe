/** Operations of the admin API about the service as a whole: a part of the table in `admin-table.ts`. */
import { z } from 'zod';
import { nothing } from './operation.ts';
import type { Description } from './operation.ts';

const count = z.number().int().nonnegative();

export const serviceTable = {
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
} as const satisfies Record<string, Description>;
