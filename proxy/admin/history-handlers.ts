/** The admin API of the history. */
import { sessionEvents } from '#shared/journal/journal-words.ts';
import type { HistoryAsker } from '../history/history.ts';
import type { JournalStore } from '../journal/journal-store.ts';
import type { PoolEdge } from '../membership/pool.ts';
import { poolFigures } from '../pool-metrics.ts';
import type { AdminTable } from './admin-table.ts';
import { nextOf } from './journal-handlers.ts';
import type { Handlers } from './operation.ts';

interface HistoryOptions {
  readonly history: HistoryAsker;
  readonly store: JournalStore;
  readonly edges: () => readonly PoolEdge[];
  readonly timeZone: () => string;
}

type Names = 'history' | 'historyDays' | 'historyClients' | 'historyDownloads' | 'activity';

/** Of the journal's events, those that tell how the pool lives. */
const activities = [
  ...sessionEvents,
  'edge.joined',
  'edge.drained',
  'edge.undrained',
  'edge.lost',
  'edge.refused',
] as const;

export function historyHandlers(options: HistoryOptions): Handlers<AdminTable, Names> {
  const { history, store, edges, timeZone } = options;
  return {
    history: async ({ query: { days } }) => {
      const [present, summary] = await Promise.all([history.present(), history.summary(days)]);
      return { timeZone: timeZone(), days, now: poolFigures(edges(), present), ...summary };
    },
    historyDays: async ({ query: { days } }) => ({ timeZone: timeZone(), days: await history.days(days) }),
    historyClients: async ({ query: { days } }) => ({
      timeZone: timeZone(),
      ...(await history.clients(days)),
    }),
    historyDownloads: async ({ query: { days } }) => ({
      timeZone: timeZone(),
      ...(await history.downloads(days)),
    }),
    activity: async ({ query: { before, limit } }) => {
      const entries = await store.listEntries({ events: activities, before, limit });
      return { entries, ...nextOf(entries, { limit }) };
    },
  };
}
