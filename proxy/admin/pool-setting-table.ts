/** The admin API of settings that the whole pool takes up while it runs: who may host, when sessions end, the banner. */
import { z } from 'zod';
import { bannerSchema } from '#shared/banner.ts';
import { endsSchema, hostingSchema } from '#shared/pool-rules.ts';
import { nothing } from './operation.ts';
import type { Description } from './operation.ts';

const count = z.number().int().nonnegative();
const version = count.optional().describe('As it was read; without it, it is replaced whatever it is.');
const look = { method: 'GET', role: 'reader', query: nothing, body: nothing } as const;
const put = { method: 'PUT', role: 'admin', query: nothing } as const;
const unread = ['directory-unavailable'] as const;
const unset = ['body-invalid', 'setting-changed', 'stored-unreadable', 'directory-unavailable'] as const;

const hostingView = z.strictObject({ version: count, ...hostingSchema.shape });
const endsView = z.strictObject({ version: count, ...endsSchema.shape });
const bannerView = z.strictObject({
  version: count,
  banner: bannerSchema.nullable(),
  isShown: z.boolean().describe('False where there is none, or its time is over.'),
});

export const poolSettingTable = {
  hosting: {
    ...look,
    path: '/admin/hosting',
    summary: 'From which version on clients may begin a session.',
    answer: hostingView,
    refusals: unread,
  },
  setHosting: {
    ...put,
    path: '/admin/hosting',
    summary: 'Sets from which version on clients may begin a session, on all edges; sessions that run go on.',
    body: z.strictObject({ version, ...hostingSchema.shape }),
    answer: hostingView,
    refusals: unset,
  },
  sessionEnds: {
    ...look,
    path: '/admin/session-ends',
    summary: 'When sessions end by themselves.',
    answer: endsView,
    refusals: unread,
  },
  setSessionEnds: {
    ...put,
    path: '/admin/session-ends',
    summary: 'Sets when sessions end by themselves, on all edges and for sessions that run, too.',
    body: z.strictObject({ version, ...endsSchema.shape }),
    answer: endsView,
    refusals: unset,
  },
  banner: {
    ...look,
    path: '/admin/banner',
    summary: 'What is shown to everybody on the pages of the pool.',
    answer: bannerView,
    refusals: unread,
  },
  setBanner: {
    ...put,
    path: '/admin/banner',
    summary: 'Sets what is shown to everybody on the pages of the pool; null: nothing.',
    body: z.strictObject({ version, banner: bannerSchema.nullable() }),
    answer: bannerView,
    refusals: unset,
  },
} as const satisfies Record<string, Description>;

export type PoolSettingTable = typeof poolSettingTable;
