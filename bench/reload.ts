/** Does anybody notice that settings are reloaded and front doors replaced, again and again, under load? */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPool } from '../test/support/pool.ts';
import { runReloads, settingsFileIn, writeSettings } from '../test/support/reloading.ts';
import type { ReloadTrial } from '../test/support/reloading.ts';
import { SteadyCrowd } from '../test/support/steady-crowd.ts';
import type { Noticed } from '../test/support/steady-crowd.ts';
import { ours } from './contest.ts';
import { judge } from './metric.ts';
import type { Verdict } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { readMemoryKib } from './process-cost.ts';
import { tryRival } from './reload-rivals.ts';
import { haproxy } from './rivals/haproxy.ts';
import { installMissingPrograms } from './rivals/install.ts';
import { nginx } from './rivals/nginx.ts';
import { formatFigure, formatTable } from './table.ts';

const sizes = {
  full: { sockets: 2_000, arrivalsPerSecond: 200, reloads: 50, restarts: 10 },
  short: { sockets: 500, arrivalsPerSecond: 100, reloads: 10, restarts: 2 },
} as const;
type Size = (typeof sizes)[keyof typeof sizes];

/** Between two reloads people come and go. */
const pauseMs = 1_000;
const rivals = [haproxy, nginx];
const heading = [
  'front door',
  'WebSockets',
  'arrivals',
  'reloads',
  'replaced',
  'refused or reset',
  'dropped',
  'moved pins',
  'splits',
  'MiB at the end',
];

interface Row {
  readonly name: string;
  readonly reloads: number;
  readonly restarts: number;
  readonly noticed: Noticed;
  readonly movedPins?: number;
  readonly splits?: number;
  readonly memoryKib: number;
}

export async function runReload({ isShort, folder, only }: RunOptions): Promise<Outcome> {
  const size = isShort ? sizes.short : sizes.full;
  const rows: Row[] = [];
  const verdicts: Verdict[] = [];
  if (only.includes(ours)) {
    const trial = await tryOurs(folder, size);
    rows.push({ name: ours, ...trial });
    verdicts.push(...judgeTrial(trial));
  }
  const taking = rivals.filter(({ name }) => only.includes(name));
  installMissingPrograms(taking);
  for (const { name } of taking) {
    // For them a replaced process is a reload like any other.
    const reloads = size.reloads + size.restarts;
    const trial = await tryRival(name as 'haproxy' | 'nginx', folder, { ...size, reloads, pauseMs });
    console.log(`reload: ${name} has ${trial.processes} processes at the end`);
    rows.push({ name, reloads, restarts: 0, ...trial });
  }
  const nobodyCame = rows.filter(({ noticed }) => noticed.arrivals === 0);
  return {
    benchmark: 'reload',
    text: formatTable([heading, ...rows.map((row) => formatRow(row, size))]),
    figures: rows,
    verdicts,
    failures: Object.fromEntries(nobodyCame.map(({ name }) => [name, 'nobody came'])),
  };
}

async function tryOurs(
  folder: string,
  { sockets, arrivalsPerSecond, reloads, restarts }: Size,
): Promise<ReloadTrial & { readonly memoryKib: number }> {
  const dataDir = join(folder, 'reload');
  mkdirSync(dataDir);
  writeSettings(dataDir, 0);
  // The front door carries every WebSocket itself, which is the harder case.
  const env = { CT_SETTINGS_FILE: settingsFileIn(dataDir), CT_HANDOFF: 'off' };
  const { pool, close } = openPool({ dataDir, env });
  try {
    await pool.waitUntilReady();
    const crowd = new SteadyCrowd({ url: pool.url, sockets, arrivalsPerSecond });
    try {
      await crowd.enter();
      console.log(`reload: ${sockets} WebSockets, ${arrivalsPerSecond} new connections a second`);
      const pause = async (): Promise<void> => await sleep(pauseMs);
      const tell = (line: string): void => console.log(`reload: ${line}`);
      const trial = await runReloads(pool, crowd, { reloads, restarts, tell, pause });
      // A starved edge drops its sessions, whatever is reloaded.
      const lapsed = pool.lines.filter(({ event }) => event === 'lease.lapsed').length;
      if (lapsed > 0) console.log(`reload: ${lapsed} leases lapsed meanwhile: the machine was too busy`);
      return { ...trial, memoryKib: readMemoryKib(pool.pid).pss };
    } finally {
      crowd.leave();
    }
  } finally {
    await close();
  }
}

function judgeTrial({ noticed, movedPins, splits }: ReloadTrial): Verdict[] {
  return [
    judge('reload', 'arrivals-refused-or-reset', countFaults(noticed), { atMost: 0 }),
    judge('reload', 'websockets-dropped', noticed.dropped, { atMost: 0 }),
    judge('reload', 'pins-moved', movedPins, { atMost: 0 }),
    judge('reload', 'keys-with-two-owners', splits, { atMost: 0 }),
  ];
}

function countFaults({ faults }: Noticed): number {
  return Object.values(faults).reduce((sum, count) => sum + count, 0);
}

function formatRow({ name, noticed, memoryKib, ...row }: Row, { sockets }: Size): string[] {
  const counts = [
    sockets,
    noticed.arrivals,
    row.reloads,
    row.restarts,
    countFaults(noticed),
    noticed.dropped,
  ];
  const pins = [row.movedPins, row.splits].map((count) => count?.toString() ?? '-');
  return [name, ...counts.map(String), ...pins, formatFigure(memoryKib / 1_024, 0)];
}
