/** The admin API of the history: what a dashboard draws and `mooring usage` prints. */
import { z } from 'zod';
import { entriesView } from './answers.ts';
import { nothing } from './operation.ts';
import type { Description } from './operation.ts';

const daysMax = 400;
const daysDefault = 30;
const count = z.number().int().nonnegative();
const measure = z.number().nonnegative();
const text = z.string();
const timeZone = text.describe('In which days begin and end.');
const day = text.describe('As 2026-11-28.');

const clientCount = { client: text, version: text, count };
const clientCounts = z.array(z.strictObject(clientCount)).describe('Most first.');

const figures = {
  sessions: count.describe('Sessions that began.'),
  ended: count.describe('Sessions that ended, which length and participants are about.'),
  length: z.strictObject({ averageSeconds: measure, maximumSeconds: measure }),
  participants: z.strictObject({ average: measure, maximum: count }),
  peakConnections: count.describe('Most session connections of the whole pool at once.'),
  averageLagMs: measure.describe('Mean of how late the event loops of the edges were.'),
  downloads: count.describe('Clients that were downloaded.'),
};

const summaryView = z.strictObject({
  timeZone,
  days: count,
  now: z
    .strictObject({
      users: count.describe('Different people who are in sessions.'),
      members: count.describe('Members of sessions; somebody in two counts twice.'),
      sessions: count,
      connections: count.describe('Session connections.'),
      lagMs: measure,
    })
    .describe('From the last reports of all edges.'),
  uniqueUsers: count.describe('People who were in a session or logged in, each once.'),
  ...figures,
});

const daysView = z.strictObject({
  timeZone,
  days: z.array(z.strictObject({ day, ...figures })).describe('Oldest first, none left out.'),
});

const clientsView = z.strictObject({
  timeZone,
  hosts: clientCounts.describe('Clients of those who began a session, most first.'),
  guests: clientCounts.describe('Clients of those who joined one, most first.'),
});

const downloadsView = z.strictObject({
  timeZone,
  days: z.array(z.strictObject({ day, ...clientCount })).describe('Oldest first.'),
  total: clientCounts,
});

const look = {
  method: 'GET',
  role: 'reader',
  query: z.strictObject({
    days: z
      .number()
      .int()
      .min(1)
      .max(daysMax)
      .default(daysDefault)
      .describe(`Today and the days before it; ${daysDefault} unless given.`),
  }),
  body: nothing,
  refusals: ['query-invalid', 'journal-unavailable'],
} as const;

export const historyTable = {
  history: {
    ...look,
    path: '/admin/history',
    summary: 'How the pool is used now, and was used in the last days.',
    answer: summaryView,
  },
  historyDays: {
    ...look,
    path: '/admin/history/days',
    summary: 'How the pool was used, day by day.',
    answer: daysView,
  },
  historyClients: {
    ...look,
    path: '/admin/history/clients',
    summary: 'With which clients sessions were begun and joined.',
    answer: clientsView,
  },
  historyDownloads: {
    ...look,
    path: '/admin/history/downloads',
    summary: 'Which clients were downloaded, by day and version.',
    answer: downloadsView,
  },
  activity: {
    ...look,
    path: '/admin/activity',
    summary: 'What happened last: sessions, members and edges that came and went, newest first.',
    query: z.strictObject({
      before: count.optional().describe('The `next` of the page before.'),
      limit: z
        .number()
        .int()
        .min(1)
        .max(1_000)
        .default(50)
        .describe('Entries of one answer; 50 unless given.'),
    }),
    answer: entriesView,
  },
} as const satisfies Record<string, Description>;
