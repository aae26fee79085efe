/**
 * A run of the HTTP fuzzer: blocks of cases played at once, judged once the front door is done with them,
 * counted by class. Ends early at a crash, since nothing behind it says anything.
 */
import type { FuzzGround, PlayedCase } from './fuzz-ground.ts';
import { splitFrames } from './frame-grammar.ts';
import { makeCase, makeFramedCase } from './http-case.ts';
import type { HttpCase, Protocol } from './http-case.ts';
import type { Finding, FindingClass } from './judge.ts';
import { StartGate } from './start-gate.ts';

export interface RunPlan {
  readonly protocol: Protocol;
  readonly seed: number;
  readonly requests: number;
  /** Whatever comes first ends the run. */
  readonly maxMs: number;
  readonly onProgress: (report: RunReport) => void;
  readonly onFinding: (finding: Finding, item: HttpCase | undefined) => void;
}

export interface RunReport {
  readonly requests: number;
  readonly cases: number;
  readonly classes: ReadonlyMap<string, number>;
  readonly findings: Readonly<Record<FindingClass, number>>;
}

const blockCases = 12_000;
/** Most of them wait for a deadline of the front door. */
const lanes = 3_000;
const judgingLanes = 64;

export async function runHttpFuzz(ground: FuzzGround, plan: RunPlan): Promise<RunReport> {
  const tally = new Tally(plan);
  const startedAt = performance.now();
  while (tally.report.requests < plan.requests && performance.now() - startedAt < plan.maxMs) {
    const items = nextBlock(plan, tally.report);
    const played = await playAll(ground, items);
    const isOver = await judgeBlock(ground, played, tally);
    plan.onProgress(tally.report);
    if (isOver) break;
  }
  return tally.report;
}

/** One case alone, as a replay wants it. */
export async function runCase(ground: FuzzGround, item: HttpCase, plan: RunPlan): Promise<RunReport> {
  const tally = new Tally(plan);
  await judgeBlock(ground, await playAll(ground, [item]), tally);
  return tally.report;
}

/** As many cases as a block takes, or as give the requests that are still wanted. */
function nextBlock(plan: RunPlan, report: RunReport): HttpCase[] {
  const items: HttpCase[] = [];
  const makeItem = plan.protocol === 'http2' ? makeFramedCase : makeCase;
  let missing = plan.requests - report.requests;
  for (let i = 0; i < blockCases && missing > 0; i++) {
    const item = makeItem(plan.seed, report.cases + i);
    items.push(item);
    missing -= countInputs(item);
  }
  return items;
}

/** What a case sends, well-formed or not, at least one: frames, or requests by the line ends after a version. */
function countInputs({ protocol, writes }: HttpCase): number {
  if (protocol === 'http2') return Math.max(1, splitFrames(Buffer.concat([...writes])).length);
  const text = Buffer.concat([...writes]).toString('latin1');
  return Math.max(1, [...text.matchAll(/ HTTP\/1\.[01]\r\n/g)].length);
}

async function playAll(ground: FuzzGround, items: readonly HttpCase[]): Promise<PlayedCase[]> {
  const played: PlayedCase[] = [];
  const gate = new StartGate();
  await inLanes(lanes, items, async (item) => {
    const onHeard = await gate.enter();
    try {
      if (ground.crash === undefined) played.push(await ground.play(item, onHeard));
    } finally {
      onHeard();
    }
  });
  return played;
}

/** True when the run must end: behind a crash, or exchanges that never end, nothing says anything. */
async function judgeBlock(ground: FuzzGround, played: readonly PlayedCase[], tally: Tally): Promise<boolean> {
  const blockFinding = await findInBlock(ground);
  await inLanes(judgingLanes, played, async (one) => {
    const { findings, classes } = await ground.judge(one);
    tally.add(countInputs(one.item), classes);
    for (const finding of findings) tally.find(finding, one.item);
  });
  for (const stray of ground.takeStrays()) tally.find(stray, undefined);
  if (blockFinding === undefined) return false;
  tally.find(blockFinding, undefined);
  // One of these did it; a replay of each says which.
  for (const { item, isOwed } of played) if (isOwed) tally.suspect(item, blockFinding);
  return true;
}

async function findInBlock(ground: FuzzGround): Promise<Finding | undefined> {
  try {
    if (ground.crash === undefined) await ground.settled();
  } catch (error) {
    return { class: 'hang', text: `exchanges stay open: ${(error as Error).message}` };
  }
  return ground.crash === undefined ? undefined : { class: 'crash', text: ground.crash };
}

async function inLanes<T>(
  count: number,
  items: readonly T[],
  run: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const lane = async (): Promise<void> => {
    for (const item of queue) await run(item);
  };
  await Promise.all(Array.from({ length: count }, lane));
}

class Tally {
  readonly #plan: RunPlan;
  readonly #classes = new Map<string, number>();
  readonly #findings = { 'split-differently': 0, 'answer-wrong': 0, crash: 0, hang: 0 };
  #requests = 0;
  #cases = 0;

  constructor(plan: RunPlan) {
    this.#plan = plan;
  }

  get report(): RunReport {
    return {
      requests: this.#requests,
      cases: this.#cases,
      classes: this.#classes,
      findings: { ...this.#findings },
    };
  }

  add(requests: number, classes: readonly string[]): void {
    this.#requests += requests;
    this.#cases++;
    for (const name of classes) this.#classes.set(name, (this.#classes.get(name) ?? 0) + 1);
  }

  find(finding: Finding, item: HttpCase | undefined): void {
    this.#findings[finding.class]++;
    this.#plan.onFinding(finding, item);
  }

  suspect(item: HttpCase, finding: Finding): void {
    this.#plan.onFinding({ ...finding, text: `perhaps by this case: ${finding.text}` }, item);
  }
}
