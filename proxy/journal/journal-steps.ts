/** What the store of the journal does, in steps that are the same for every kind of database; each runs in one transaction. */
import type { JournalRecord } from '#shared/journal/journal-record.ts';
import { figuresOfRow } from '../history/day-figures.ts';
import { dayOf } from '../history/day.ts';
import type { Tally } from '../history/fold.ts';
import {
  countsStatement,
  daysStatement,
  presentStatement,
  usersStatement,
} from '../history/history-statements.ts';
import { forgetOld, hearRecords, takeFresh } from '../history/history-steps.ts';
import { insertStatements, removeStatement } from './journal-statements.ts';
import type { Appended, CountQuery, KeepRule, Removed, StoredCount, StoredDay } from './journal-store.ts';
import type { JournalKind } from './sql-words.ts';
import type { Steps } from './statement.ts';

export function* append(
  kind: JournalKind,
  records: readonly JournalRecord[],
  timeZone: string,
): Steps<Appended> {
  const nowMs = Date.now();
  const fresh = yield* takeFresh(kind, records, nowMs);
  // All of them: an older program may have stored some without a word to the history.
  for (const statement of insertStatements(kind, records)) yield statement;
  return { fresh, ended: yield* hearRecords(kind, fresh, { timeZone, nowMs }) };
}

export function* removeOld(kind: JournalKind, rule: KeepRule, timeZone: string): Steps<Removed> {
  const nowMs = Date.now();
  const { auditKeepMs, usageKeepMs, historyKeepMs, limit } = rule;
  const fromDay = dayOf(Math.max(0, nowMs - historyKeepMs), timeZone);
  const forgotten = yield* forgetOld(kind, { timeZone, nowMs }, { keepMs: historyKeepMs, fromDay, limit });
  let { removed } = forgotten;
  removed += (yield removeStatement(kind, 'entry', { keepMs: auditKeepMs, limit })).changes;
  removed += (yield removeStatement(kind, 'usage', { keepMs: usageKeepMs, limit })).changes;
  return { removed, ended: forgotten.ended };
}

export function* historyDays(fromDay: string): Steps<readonly StoredDay[]> {
  return (yield daysStatement(fromDay)).rows.map((row) => ({
    day: row['day'] as string,
    ...figuresOfRow(row),
  }));
}

export function* historyCounts(kind: JournalKind, query: CountQuery): Steps<readonly StoredCount[]> {
  return (yield countsStatement(kind, query)).rows.map((row) => ({
    ...(query.byDay ? { day: row['day'] as string } : {}),
    what: row['what'] as Tally['what'],
    client: row['client'] as string,
    version: row['version'] as string,
    times: row['times'] as number,
  }));
}

export function* historyUsers(sinceMs: number): Steps<number> {
  return (yield usersStatement(sinceMs)).rows[0]!['users'] as number;
}

export function* historyPresent(kind: JournalKind): Steps<number> {
  const row = (yield presentStatement(kind)).rows[0]!;
  return (row['named'] as number) + (row['unnamed'] as number);
}
