/**
 * What members notice when sessions move and when edges die: pauses, losses, and the time until somebody serves. Plays the
 * scenarios of chaos and reads their histories; also weighs a member on an edge that has nothing else to do.
 */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { checkHistory, formatFindings } from '../test/chaos/checker.ts';
import { readHistory } from '../test/chaos/history.ts';
import { weighMembers } from '../test/chaos/member-weight.ts';
import { playScenario } from '../test/chaos/scenarios.ts';
import { judgeFindings } from '../test/chaos/verdicts.ts';
import type { ScenarioName } from '../test/chaos/verdicts.ts';
import { ours } from './contest.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { formatFigure, formatTable } from './table.ts';

const rounds = {
  move: { short: 10, long: 50 },
  takeover: { short: 10, long: 50 },
  /** One in five is a freeze: 200 kills and 50 freezes. */
  failover: { short: 10, long: 250 },
} as const;
const seed = 1;
const membersOfEachKind = { short: 24, long: 96 };

export async function runMove(options: RunOptions): Promise<Outcome> {
  const outcome = await play('move', 'move', options);
  const weights = await weighMembers(options.isShort ? membersOfEachKind.short : membersOfEachKind.long);
  const rows = weights.map(({ wire, members, heapKib, rssKib }) => [
    wire,
    String(members),
    formatFigure(heapKib, 1),
    formatFigure(rssKib, 1),
  ]);
  const table = formatTable([['memory of a member', 'members', 'KiB heap', 'KiB RSS'], ...rows]);
  return { ...outcome, text: `${outcome.text}\n${table}`, figures: [...outcome.figures, ...weights] };
}

export async function runTakeover(options: RunOptions): Promise<Outcome> {
  return await play('takeover', 'failover', options);
}

/** The same at full length. */
export async function runFailover(options: RunOptions): Promise<Outcome> {
  return await play('failover', 'failover', options);
}

async function play(
  name: keyof typeof rounds,
  scenario: ScenarioName,
  { folder: parent, isShort }: RunOptions,
): Promise<Outcome> {
  const folder = mkdtempSync(join(parent, `${name}-`));
  const failures = await playScenario(scenario, {
    folder,
    seed,
    rounds: rounds[name][isShort ? 'short' : 'long'],
    isShort,
    onProgress: (text) => console.log(`${name}: ${text}`),
  });
  const findings = checkHistory(await readHistory(folder));
  return {
    benchmark: name,
    text: `${name}:\n${formatFindings(findings)}`,
    figures: [{ counts: Object.fromEntries(findings.counts), samples: Object.fromEntries(findings.samples) }],
    verdicts: judgeFindings(scenario, findings),
    failures: failures.length === 0 ? {} : { [ours]: failures.join('; ') },
  };
}
