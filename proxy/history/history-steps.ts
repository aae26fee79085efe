/** How the history hears records in the transaction that stores them in the journal, and how it forgets what is old. */
import type { JournalRecord } from '#shared/journal/journal-record.ts';
import type { JournalKind } from '../journal/sql-words.ts';
import type { Statement, Steps } from '../journal/statement.ts';
import { rowOfFigures } from './day-figures.ts';
import { Fold } from './fold.ts';
import type { SessionRow, Tally } from './fold.ts';
import type { EndedSession } from './history.ts';
import { deleteAmong, deleteRows, deleteSome, mergeStatements, selectAmong } from './history-statements.ts';
import { historyColumns, historyLock, historyTableNames } from './history-schema.ts';

/** Where a file is written, its transaction holds it as a whole. */
const lockStatement: Readonly<Record<JournalKind, Statement>> = {
  sqlite: { text: `SELECT id FROM ${historyLock}`, values: [] },
  mysql: { text: `SELECT id FROM ${historyLock} FOR UPDATE`, values: [] },
  postgres: { text: `SELECT id FROM ${historyLock} FOR UPDATE`, values: [] },
};

/** Clients and versions of one day and kind: anybody can say that he is one that nobody knows. */
const talliesOfDayMax = 200;
/** Of those beyond. */
const others = { client: 'others', version: '' };
const waitingMaxMs = 900_000;
/** For what an edge tells late. */
const endedKeepMs = 3_600_000;
/** A session of which nobody has told anything for so long: its end was lost. */
const openKeepMs = 30 * 86_400_000;

export interface HistoryContext {
  readonly timeZone: string;
  readonly nowMs: number;
}

/** Records that nobody has told before; to be stored, and heard by the history, in this transaction. */
export function* takeFresh(
  kind: JournalKind,
  records: readonly JournalRecord[],
  nowMs: number,
): Steps<readonly JournalRecord[]> {
  yield lockStatement[kind];
  const boots = [...new Set(records.map(({ boot }) => boot))];
  if (boots.length === 0) return [];
  const { rows } = yield selectAmong('boot', 'boot_id', boots);
  const heard = new Map(rows.map((row) => [row['boot_id'] as string, row['sequence'] as number]));
  const fresh: JournalRecord[] = [];
  for (const record of records) {
    if (record.sequence <= (heard.get(record.boot) ?? 0)) continue;
    heard.set(record.boot, record.sequence);
    fresh.push(record);
  }
  const raised = [...new Set(fresh.map(({ boot }) => boot))].map((boot) => [boot, heard.get(boot)!, nowMs]);
  yield* all(mergeStatements(kind, 'boot', raised));
  return fresh;
}

/** Gives the sessions that have ended. */
export function* hearRecords(
  kind: JournalKind,
  records: readonly JournalRecord[],
  context: HistoryContext,
): Steps<readonly EndedSession[]> {
  const keys = [
    ...new Set(
      records.flatMap((record) => (record.kind === 'entry' && record.key !== '' ? [record.key] : [])),
    ),
  ];
  let sessions: SessionRow[] = [];
  let members: { key: string; person: string }[] = [];
  if (keys.length > 0) {
    sessions = (yield selectAmong('session', 'key_hash', keys)).rows.map(sessionOf);
    members = (yield selectAmong('member', 'key_hash', keys)).rows.map((row) => ({
      key: row['key_hash'] as string,
      person: row['person'] as string,
    }));
  }
  const fold = new Fold({ ...context, sessions, members });
  for (const record of records) fold.add(record);
  yield* writeFold(kind, fold);
  return fold.ended;
}

/** Their pins are gone, so nobody has been in them for long: those that are not over yet ended when somebody last told of them. */
export function* endSessions(
  kind: JournalKind,
  keys: readonly string[],
  context: HistoryContext,
): Steps<readonly EndedSession[]> {
  if (keys.length === 0) return [];
  yield lockStatement[kind];
  const sessions = (yield selectAmong('session', 'key_hash', keys)).rows.map(sessionOf);
  const fold = new Fold({ ...context, sessions: [], members: [] });
  for (const row of sessions) if (row.state !== 'ended') fold.endAbandoned(row);
  yield* writeFold(kind, fold);
  return fold.ended;
}

interface ForgetRule {
  readonly keepMs: number;
  readonly fromDay: string;
  /** Rows of each table. */
  readonly limit: number;
}

/** Sessions that nobody went on with are over; what is old goes. Gives how much went, and the sessions that ended. */
export function* forgetOld(
  kind: JournalKind,
  context: HistoryContext,
  { keepMs, fromDay, limit }: ForgetRule,
): Steps<{ removed: number; ended: readonly EndedSession[] }> {
  yield lockStatement[kind];
  const { nowMs } = context;
  const { rows } = yield {
    text: `SELECT ${historyColumns.session.join(', ')} FROM ${historyTableNames.session} WHERE state = ? AND told_ms < ? LIMIT ?`,
    values: ['waiting', nowMs - waitingMaxMs, limit],
  };
  const fold = new Fold({ ...context, sessions: [], members: [] });
  for (const row of rows) fold.endAbandoned(sessionOf(row));
  yield* writeFold(kind, fold);
  let removed = yield* forgetSessions(nowMs, limit);
  for (const [table, column] of [
    ['user', 'last_ms'],
    ['boot', 'told_ms'],
  ] as const)
    removed += (yield deleteSome(table, `${column} < ?`, [nowMs - keepMs, limit])).changes;
  for (const table of ['day', 'count'] as const)
    yield { text: `DELETE FROM ${historyTableNames[table]} WHERE day < ?`, values: [fromDay] };
  return { removed, ended: fold.ended };
}

/** Gives how many went, with their people. */
function* forgetSessions(nowMs: number, limit: number): Steps<number> {
  const { rows } = yield {
    text: `SELECT key_hash FROM ${historyTableNames.session} WHERE (state = 'ended' AND told_ms < ?) OR told_ms < ? LIMIT ?`,
    values: [nowMs - endedKeepMs, nowMs - openKeepMs, limit],
  };
  if (rows.length === 0) return 0;
  const keys = rows.map((row) => row['key_hash'] as string);
  for (const table of ['member', 'here', 'session'] as const) yield deleteAmong(table, 'key_hash', keys);
  return keys.length;
}

function* writeFold(kind: JournalKind, fold: Fold): Steps<void> {
  for (const table of ['member', 'here'] as const)
    if (fold.forgotten.size > 0) yield deleteAmong(table, 'key_hash', [...fold.forgotten]);
  const byPlace = Map.groupBy(fold.presence.values(), ({ isHere }) => isHere);
  const [gone, here] = [false, true].map((isHere) => (byPlace.get(isHere) ?? []).map(rowOfMember));
  yield* all(deleteRows(kind, 'here', gone!));
  yield* all(mergeStatements(kind, 'here', here!));
  yield* all(mergeStatements(kind, 'member', fold.newMembers.map(rowOfMember)));
  yield* all(mergeStatements(kind, 'session', [...fold.sessions.values()].map(rowOfSession)));
  yield* all(
    mergeStatements(
      kind,
      'day',
      [...fold.days].map(([day, figures]) => [day, ...rowOfFigures(figures)]),
    ),
  );
  const users = [...fold.users].map(([person, atMs]) => [person, atMs, atMs]);
  yield* all(mergeStatements(kind, 'user', users));
  yield* writeTallies(kind, [...fold.tallies.values()]);
}

function* writeTallies(kind: JournalKind, tallies: readonly Tally[]): Steps<void> {
  if (tallies.length === 0) return;
  const days = [...new Set(tallies.map(({ day }) => day))];
  const known = new Map<string, Set<string>>();
  for (const row of (yield selectAmong('count', 'day', days)).rows) {
    const of = `${String(row['day'])} ${String(row['what'])}`;
    known.set(of, (known.get(of) ?? new Set()).add(`${String(row['client'])}\n${String(row['version'])}`));
  }
  const rows = new Map<string, (string | number)[]>();
  for (const { day, what, times, ...name } of tallies) {
    const of = known.get(`${day} ${what}`) ?? new Set();
    known.set(`${day} ${what}`, of);
    const isKnown = of.has(`${name.client}\n${name.version}`);
    const { client, version } = isKnown || of.size < talliesOfDayMax ? name : others;
    of.add(`${client}\n${version}`);
    const id = [day, what, client, version].join('\n');
    rows.set(id, [day, what, client, version, times + ((rows.get(id)?.[4] as number | undefined) ?? 0)]);
  }
  yield* all(mergeStatements(kind, 'count', [...rows.values()]));
}

function rowOfMember({ key, person }: { readonly key: string; readonly person: string }): string[] {
  return [key, person];
}

function* all(statements: readonly Statement[]): Steps<void> {
  for (const statement of statements) yield statement;
}

type Row = Readonly<Record<string, unknown>>;

function sessionOf(row: Row): SessionRow {
  return {
    key: row['key_hash'] as string,
    state: row['state'] as SessionRow['state'],
    begunMs: row['begun_ms'] as number,
    toldMs: row['told_ms'] as number,
    isCounted: row['is_counted'] === 1,
    hasHost: row['has_host'] === 1,
    named: row['named'] as number,
    unnamed: row['unnamed'] as number,
    unnamedMax: row['unnamed_max'] as number,
    client: { client: row['client'] as string, version: row['version'] as string },
  };
}

function rowOfSession(row: SessionRow): (string | number)[] {
  const { key, state, begunMs, toldMs, isCounted, hasHost, named, unnamed, unnamedMax, client } = row;
  const flags = [isCounted ? 1 : 0, hasHost ? 1 : 0];
  return [key, state, begunMs, toldMs, ...flags, named, unnamed, unnamedMax, client.client, client.version];
}
