/** A history in which nothing has happened yet. */
import type { HistoryAsker } from './history.ts';

const none = {
  sessions: 0,
  ended: 0,
  length: { averageSeconds: 0, maximumSeconds: 0 },
  participants: { average: 0, maximum: 0 },
  peakConnections: 0,
  averageLagMs: 0,
  downloads: 0,
};
const dayMs = 86_400_000;

export function emptyHistory(nowMs: () => number): HistoryAsker {
  return {
    summary: async () => await Promise.resolve({ uniqueUsers: 0, ...none }),
    days: async (days) =>
      await Promise.resolve(
        Array.from({ length: days }, (_, at) => ({
          day: new Date(nowMs() - (days - 1 - at) * dayMs).toISOString().slice(0, 10),
          ...none,
        })),
      ),
    clients: async () => await Promise.resolve({ hosts: [], guests: [] }),
    downloads: async () => await Promise.resolve({ days: [], total: [] }),
  };
}
