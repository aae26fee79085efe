/** What is asked of the history, made of the figures that its store has of each day. */
import type { JournalStore, StoredCount } from '../journal/journal-store.ts';
import { addUp, noFigures } from './day-figures.ts';
import type { DayFigures } from './day-figures.ts';
import { beginOf, lastDays } from './day.ts';
import type { ClientCount, HistoryAsker, HistoryDay } from './history.ts';

type Figures = Omit<HistoryDay, 'day' | 'downloads'>;

export function askHistory(store: JournalStore, timeZone: string, nowMs: () => number): HistoryAsker {
  const daysOf = (count: number): string[] => lastDays(nowMs(), count, timeZone);
  const downloadsOf = async (fromDay: string): Promise<readonly StoredCount[]> =>
    await store.historyCounts({ fromDay, whats: ['download'], byDay: true });
  return {
    present: async () => await store.historyPresent(),
    summary: async (count) => {
      const [fromDay] = daysOf(count) as [string];
      const [days, downloads, uniqueUsers] = await Promise.all([
        store.historyDays(fromDay),
        downloadsOf(fromDay),
        store.historyUsers(beginOf(fromDay, timeZone)),
      ]);
      return { uniqueUsers, ...figuresOf(addUp(days)), downloads: sumOf(downloads) };
    },
    days: async (count) => {
      const names = daysOf(count);
      const [fromDay] = names as [string];
      const [days, downloads] = await Promise.all([store.historyDays(fromDay), downloadsOf(fromDay)]);
      const known = new Map(days.map((day) => [day.day, day]));
      const fetched = Map.groupBy(downloads, ({ day }) => day);
      return names.map((day) => ({
        day,
        ...figuresOf(known.get(day) ?? noFigures()),
        downloads: sumOf(fetched.get(day) ?? []),
      }));
    },
    clients: async (count) => {
      const [fromDay] = daysOf(count) as [string];
      const counts = await store.historyCounts({ fromDay, whats: ['host', 'guest'], byDay: false });
      const of = (what: StoredCount['what']): ClientCount[] =>
        counts.filter((each) => each.what === what).map(clientCountOf);
      return { hosts: of('host'), guests: of('guest') };
    },
    downloads: async (count) => {
      const [fromDay] = daysOf(count) as [string];
      const [days, total] = await Promise.all([
        downloadsOf(fromDay),
        store.historyCounts({ fromDay, whats: ['download'], byDay: false }),
      ]);
      return {
        days: days.map((each) => ({ day: each.day!, ...clientCountOf(each) })),
        total: total.map(clientCountOf),
      };
    },
  };
}

function clientCountOf({ client, version, times }: StoredCount): ClientCount {
  return { client, version, count: times };
}

function sumOf(counts: readonly StoredCount[]): number {
  return counts.reduce((sum, { times }) => sum + times, 0);
}

function figuresOf(figures: DayFigures): Figures {
  const { sessions, ended, peakConnections, lagSum, lagSamples } = figures;
  return {
    sessions,
    ended,
    length: {
      averageSeconds: round(figures.lengthSumMs / 1_000 / Math.max(1, ended), 1),
      maximumSeconds: round(figures.lengthMaxMs / 1_000, 1),
    },
    participants: {
      average: round(figures.membersSum / Math.max(1, ended), 2),
      maximum: figures.membersMax,
    },
    peakConnections,
    averageLagMs: round(lagSum / Math.max(1, lagSamples), 3),
  };
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
