/** `mooring audit | usage samples`: what the journal has, page by page, for people, as JSON lines, or as CSV. */
import { csvCell } from '#shared/csv.ts';
import { ask } from './admin-client.ts';
import type { InspectOptions } from './inspect.ts';

interface JournalOptions extends InspectOptions {
  readonly since?: string;
  readonly csv?: boolean;
  readonly limit: string;
}

type Row = Readonly<Record<string, string | number>>;

const pageMax = 1_000;
const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export async function showAudit(options: JournalOptions & { readonly session?: string }): Promise<void> {
  const query = options.session === undefined ? {} : { session: options.session };
  const columns = ['event', 'key', 'subject', 'user', 'client', 'detail', 'origin', 'incarnation'];
  await show(options, { path: '/admin/audit', rows: 'entries', query, columns });
}

export interface SampleOptions extends JournalOptions {
  readonly edge?: string;
}

export async function showSamples(options: SampleOptions): Promise<void> {
  const query = options.edge === undefined ? {} : { edge: options.edge };
  const figures = ['users', 'sessions', 'connections', 'messages', 'bytes', 'lagMs', 'rssBytes'];
  await show(options, { path: '/admin/usage', rows: 'samples', query, columns: ['origin', ...figures] });
}

interface What {
  readonly path: string;
  readonly rows: 'entries' | 'samples';
  readonly query: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
}

/** Newest first, as they come, so that a long list is no burden. */
async function show(options: JournalOptions, { path, rows, query, columns }: What): Promise<void> {
  if (!/^\d{1,7}$/.test(options.limit) || Number(options.limit) < 1)
    throw new Error('--limit must be a whole number from 1 to 9999999');
  const since = options.since === undefined ? {} : { since: String(readSince(options.since, Date.now())) };
  const write = writerOf(options, columns);
  let left = Number(options.limit);
  let before: number | undefined;
  do {
    const limit = String(Math.min(left, pageMax));
    const page = { ...query, ...since, limit, ...(before === undefined ? {} : { before: String(before) }) };
    const answer = await ask<{ entries?: Row[]; samples?: Row[]; next?: number }>(
      options,
      `${path}?${new URLSearchParams(page).toString()}`,
    );
    for (const row of answer[rows] ?? []) write(row);
    left -= answer[rows]?.length ?? 0;
    before = answer.next;
  } while (before !== undefined && left > 0);
}

/** Milliseconds since 1970 of `2h`, `30m`, `7d`, or of a date. */
function readSince(text: string, nowMs: number): number {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  if (ago !== null) return nowMs - Number(ago[1]) * units[ago[2] as keyof typeof units];
  const date = Date.parse(text);
  if (Number.isNaN(date) || date < 0)
    throw new Error('--since must be a date, as 2026-11-28T10:00:00Z, or a time ago, as 30m, 2h or 7d');
  return date;
}

function writerOf(options: JournalOptions, columns: readonly string[]): (row: Row) => void {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  if (options.json === true) return (row) => print(JSON.stringify(row));
  if (options.csv === true) {
    print(['stored', 'at', ...columns].join(','));
    return (row) =>
      print([timeOf(row, 'storedMs'), timeOf(row, 'atMs'), ...pick(row, columns)].map(csvCell).join(','));
  }
  return (row) =>
    print([timeOf(row, 'storedMs'), ...pick(row, columns).filter((cell) => cell !== '')].join('  '));
}

function timeOf(row: Row, name: 'storedMs' | 'atMs'): string {
  return new Date(row[name] as number).toISOString();
}

function pick(row: Row, columns: readonly string[]): string[] {
  return columns.map((column) => String(row[column] ?? ''));
}
