/** Stores and records for what the history says of them. */
import type { TestContext } from 'node:test';
import type { JournalEntry, JournalRecord } from '#shared/journal/journal-record.ts';
import type { JournalStore } from '../journal/journal-store.ts';
import { askHistory } from './ask-history.ts';
import type { HistoryAsker } from './history.ts';

export interface HistoryScene {
  /** A place of its own; the function that it gives opens another connection to it, for days of that time zone. */
  readonly open: (t: TestContext) => Promise<(timeZone: string) => Promise<JournalStore>>;
  /** Of a process of its own. */
  readonly newTeller: () => Teller;
}

export interface Teller {
  entry(changes: Partial<JournalEntry>): JournalEntry;
  pool(peakConnections: number, lagMs: number, atMs: number): JournalRecord;
  download(client: string, version: string, count: number, atMs: number): JournalRecord;
}

export const hour = 3_600_000;
const long = 50 * 24 * hour;
export const keepLong = { auditKeepMs: long, usageKeepMs: long, historyKeepMs: long, limit: 100 };
const vsCode = 'OCT_CODE_Visual_Studio Code@0.3.1';

interface Opened {
  readonly store: JournalStore;
  readonly ask: HistoryAsker;
  readonly more: () => Promise<JournalStore>;
}

export async function openOne(t: TestContext, scene: HistoryScene, timeZone = 'UTC'): Promise<Opened> {
  const open = await scene.open(t);
  const more = async (): Promise<JournalStore> => {
    const store = await open(timeZone);
    t.after(async () => await store.close());
    return store;
  };
  const store = await more();
  return { store, ask: askHistory(store, timeZone, Date.now), more };
}

/** A session of two people and one who only looks at documents, an hour long, which ended just now. */
export function wholeSession(teller: Teller, nowMs: number): JournalEntry[] {
  const at = (minutes: number): { atMs: number } => ({ atMs: nowMs - hour + minutes * 60_000 });
  const [ann, bob] = [{ person: 'a' }, { person: 'b' }];
  const guest = { event: 'member.joined', detail: 'guest' } as const;
  return [
    teller.entry({ ...at(0), event: 'session.created', detail: '' }),
    teller.entry({ ...at(1), ...ann, event: 'member.joined', detail: 'host', client: vsCode }),
    teller.entry({ ...at(2), ...bob, ...guest, client: 'Theia IDE' }),
    teller.entry({ ...at(3), ...bob, event: 'member.left', detail: 'left' }),
    teller.entry({ ...at(4), ...bob, ...guest, client: 'Theia IDE' }),
    teller.entry({ ...at(5), ...guest, client: 'unknown' }),
    teller.entry({ ...at(6), event: 'member.left', detail: '' }),
    teller.entry({ ...at(7), ...guest, client: 'unknown' }),
    teller.entry({ ...at(60), event: 'session.ended', detail: 'reason host-left, adapter oct' }),
  ];
}
