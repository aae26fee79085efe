/** Do keys stay where they are while edges come, go, drain and die? Ours and HAProxy on the same trace. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { judge } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { Random } from './random.ts';
import { Clients } from './sticky/clients.ts';
import type { StickyFleet } from './sticky/fleet.ts';
import { startHaproxyFleet } from './sticky/haproxy-fleet.ts';
import { startMooringFleet } from './sticky/mooring-fleet.ts';
import { Referee } from './sticky/referee.ts';
import { drawTrace, firstEdges } from './sticky/trace.ts';
import type { TraceEvent } from './sticky/trace.ts';
import { formatTable } from './table.ts';

const keyCount = 10_000;
const seed = 20;
const lookIntervalMs = 5_000;

interface StickyRow {
  readonly contestant: string;
  readonly answers: number;
  /** Answers of an edge that had no reason to have the key. */
  readonly wrong: number;
  readonly wrongKeys: number;
  /** Keys that changed their edge for a reason. */
  readonly moved: number;
  readonly unanswered: number;
  /** Keys that two edges held at once, the most that was seen; unknown of who cannot tell. */
  readonly splits: number | undefined;
}

export async function runSticky({ isShort, minutes = 5, folder, only }: RunOptions): Promise<Outcome> {
  const lengthMs = isShort ? 40_000 : minutes * 60_000;
  const trace = drawTrace(new Random(seed), lengthMs);
  const haproxy = (['hash', 'table'] as const).map(
    (by) => async (own: string) => await startHaproxyFleet(own, by),
  );
  const starts: ((folder: string) => Promise<StickyFleet>)[] = [
    startMooringFleet,
    ...(only.includes('haproxy') ? haproxy : []),
  ];
  const rows: StickyRow[] = [];
  for (const [n, start] of starts.entries()) {
    const own = join(folder, `sticky-${n}`);
    mkdirSync(own);
    const fleet = await start(own);
    console.log(`sticky: ${fleet.name}, ${keyCount} keys, ${trace.length} events in ${lengthMs / 1_000} s`);
    try {
      rows.push(await play(fleet, trace, lengthMs));
    } finally {
      fleet.close();
    }
  }
  const ours = rows[0]!;
  return {
    benchmark: 'sticky',
    text: format(rows, trace),
    figures: rows,
    verdicts: [
      judge('sticky', 'wrong-edge', ours.wrong, { atMost: 0 }),
      judge('sticky', 'keys-moved-without-cause', ours.wrongKeys, { atMost: 0 }),
      judge('sticky', 'keys-with-two-owners', ours.splits, { atMost: 0 }),
      judge('sticky', 'unanswered-share', ours.unanswered / (ours.answers + ours.unanswered), {
        atMost: 0.001,
      }),
    ],
    failures: {},
  };
}

async function play(fleet: StickyFleet, trace: readonly TraceEvent[], lengthMs: number): Promise<StickyRow> {
  const referee = new Referee();
  const keys = Array.from({ length: keyCount }, (_, i) => `key-${i}`);
  const clients = new Clients({ urls: fleet.urls, keys, referee, random: new Random(seed) });
  for (const edge of firstEdges) await fleet.join(edge);
  await clients.placeAll();
  clients.start();
  const startedAtMs = performance.now();
  let splits: number | undefined;
  const watch = setInterval(() => {
    void fleet.countSplits().then((count) => {
      if (count !== undefined) splits = Math.max(splits ?? 0, count);
    }, String);
  }, lookIntervalMs);
  for (const event of trace) {
    await sleep(Math.max(0, startedAtMs + event.atMs - performance.now()));
    await act(fleet, event, referee);
  }
  await sleep(Math.max(0, startedAtMs + lengthMs - performance.now()));
  clearInterval(watch);
  await clients.stop();
  const { answers, wrong, wrongKeys, moved, unanswered } = referee;
  return { contestant: fleet.name, answers, wrong, wrongKeys, moved, unanswered, splits };
}

async function act(fleet: StickyFleet, { act: what, edge }: TraceEvent, referee: Referee): Promise<void> {
  if (what === 'restart' || what === 'leave' || what === 'drain')
    referee.noteTrouble(edge, performance.now());
  switch (what) {
    case 'restart':
      fleet.kill(edge);
      await fleet.join(edge);
      break;
    case 'leave':
      return await fleet.leave(edge);
    case 'drain':
      return await fleet.drain(edge);
    case 'join':
      await fleet.join(edge);
      break;
    case 'undrain':
      await fleet.undrain(edge);
  }
  referee.noteRecovery(edge, performance.now());
}

function format(rows: readonly StickyRow[], trace: readonly TraceEvent[]): string {
  const counts = new Map<string, number>();
  for (const { act: what } of trace) counts.set(what, (counts.get(what) ?? 0) + 1);
  const events = [...counts].map(([what, count]) => `${count} ${what}`).join(', ');
  const header = ['two front doors', 'answers', 'wrong edge', 'keys', 'moved', 'unanswered', 'split'];
  const cells = rows.map((row) => [
    row.contestant,
    String(row.answers),
    String(row.wrong),
    String(row.wrongKeys),
    String(row.moved),
    String(row.unanswered),
    String(row.splits ?? '?'),
  ]);
  return `sticky: ${keyCount} keys, seed ${seed}; ${events}\n${formatTable([header, ...cells])}`;
}
