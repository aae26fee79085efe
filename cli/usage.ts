/** `mooring usage`: how the pool was used over days, from its history, as tables for people, as JSON or as CSV. */
import type { Command } from 'commander';
import { csvLine } from '#shared/csv.ts';
import { ask } from './admin-client.ts';
import { table } from './inspect.ts';
import { showSamples } from './journal.ts';
import type { SampleOptions } from './journal.ts';

type Cell = string | number;

interface UsageOptions extends SampleOptions {
  readonly days: string;
}

interface Figures {
  readonly sessions: number;
  readonly ended: number;
  readonly length: { readonly averageSeconds: number; readonly maximumSeconds: number };
  readonly participants: { readonly average: number; readonly maximum: number };
  readonly peakConnections: number;
  readonly averageLagMs: number;
  readonly downloads: number;
}

interface ClientCount {
  readonly day?: string;
  readonly client: string;
  readonly version: string;
  readonly count: number;
}

interface Summary extends Figures {
  readonly timeZone: string;
  readonly days: number;
  readonly now: { users: number; members: number; sessions: number; connections: number; lagMs: number };
  readonly uniqueUsers: number;
}

/** The first row has the names of the columns. */
type Rows = readonly (readonly Cell[])[];

const views = {
  summary: { path: '/admin/history', rows: (answer) => summaryRows(answer as Summary) },
  days: {
    path: '/admin/history/days',
    rows: (answer) => dayRows(answer as { days: (Figures & { day: string })[] }),
  },
  clients: {
    path: '/admin/history/clients',
    rows: (answer) => clientRows(answer as { hosts: ClientCount[]; guests: ClientCount[] }),
  },
  downloads: {
    path: '/admin/history/downloads',
    rows: (answer) => downloadRows(answer as { days: ClientCount[] }),
  },
} as const satisfies Record<string, { path: string; rows: (answer: unknown) => Rows }>;

const usageViews: readonly string[] = [...Object.keys(views), 'samples'];

export function addUsageCommand(
  journalCommand: (name: string, description: string) => Command,
  orExit: (work: () => Promise<void>) => Promise<void>,
): void {
  journalCommand('usage', 'how the pool was used: in all, by day, by client; or samples of edges')
    .argument('[view]', `one of ${usageViews.join(', ')}`)
    .option('--days <n>', 'today and the days before it', '30')
    .option('--edge <id>', 'samples of one edge alone')
    .action(
      async (view: string | undefined, options: UsageOptions) =>
        await orExit(async () => await showUsage(view, options)),
    );
}

/** Without a view: the summary, or samples where something is said that only samples have. */
async function showUsage(given: string | undefined, options: UsageOptions): Promise<void> {
  const isOfSamples = options.edge !== undefined || options.since !== undefined;
  const name = given ?? (isOfSamples ? 'samples' : 'summary');
  if (name === 'samples') return await showSamples(options);
  if (!Object.hasOwn(views, name)) throw new Error(`"${name}" is none of ${usageViews.join(', ')}`);
  const { path, rows } = views[name as keyof typeof views];
  if (!/^\d{1,3}$/.test(options.days)) throw new Error('--days must be a whole number from 1 to 400');
  const answer = await ask<unknown>(options, `${path}?days=${options.days}`);
  if (options.json === true) return void process.stdout.write(`${JSON.stringify(answer)}\n`);
  if (options.csv === true) return void process.stdout.write(rows(answer).map(csvLine).join(''));
  process.stdout.write(`${table(rows(answer)).join('\n')}\n`);
}

function summaryRows({ timeZone, days, now, uniqueUsers, ...figures }: Summary): Rows {
  const { length, participants } = figures;
  return [
    ['figure', 'value'],
    ['users online now', now.users],
    ['sessions now', now.sessions],
    ['session connections now', now.connections],
    ['server lag now, ms', Math.round(now.lagMs * 1_000) / 1_000],
    ['days', days],
    ['time zone of the days', timeZone],
    ['unique users', uniqueUsers],
    ['sessions begun', figures.sessions],
    ['sessions ended', figures.ended],
    ['peak of session connections', figures.peakConnections],
    ['average length, s', length.averageSeconds],
    ['maximum length, s', length.maximumSeconds],
    ['average participants', participants.average],
    ['maximum participants', participants.maximum],
    ['average lag, ms', figures.averageLagMs],
    ['client downloads', figures.downloads],
  ];
}

function dayRows({ days }: { readonly days: readonly (Figures & { readonly day: string })[] }): Rows {
  return [
    ['day', 'sessions', 'ended', 'peak', 'avg s', 'max s', 'avg people', 'max people', 'lag ms', 'downloads'],
    ...days.map(
      ({ day, sessions, ended, peakConnections, length, participants, averageLagMs, downloads }) => [
        day,
        sessions,
        ended,
        peakConnections,
        length.averageSeconds,
        length.maximumSeconds,
        participants.average,
        participants.maximum,
        averageLagMs,
        downloads,
      ],
    ),
  ];
}

function clientRows({
  hosts,
  guests,
}: {
  hosts: readonly ClientCount[];
  guests: readonly ClientCount[];
}): Rows {
  const rowsOf = (role: string, counts: readonly ClientCount[]): Cell[][] =>
    counts.map(({ client, version, count }) => [role, client, version, count]);
  return [['role', 'client', 'version', 'times'], ...rowsOf('host', hosts), ...rowsOf('guest', guests)];
}

function downloadRows({ days }: { readonly days: readonly ClientCount[] }): Rows {
  return [
    ['day', 'client', 'version', 'downloads'],
    ...days.map(({ day, client, version, count }) => [day!, client, version, count]),
  ];
}
