/** What do good clients notice of floods, and what is left of them? Slow heads, readers who do not read, connections without end. */
import { readFileSync, readdirSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Flood } from '../test/support/flood.ts';
import type { FloodOrder } from '../test/support/flood-program.ts';
import { judge } from './metric.ts';
import type { Verdict } from './metric.ts';
import { startDirect } from './mooring-pool.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { formatTable } from './table.ts';

const sizes = {
  full: { crowd: 5_000, seconds: 20, calmSeconds: 20, settleSeconds: 60 },
  short: { crowd: 1_500, seconds: 6, calmSeconds: 6, settleSeconds: 20 },
} as const;
const requestsPerSecond = 200;
const edges = 3;
const warmUpSeconds = 3;
const addresses = Array.from({ length: 100 }, (_, i) => `127.0.1.${i + 1}`);
const dripMs = 500;
/** As long as the flood lasts and no longer: what it holds is let go of while we look. */
const settings = {
  CT_HEAD_TIMEOUT_MS: '10000',
  CT_BODY_IDLE_TIMEOUT_MS: '10000',
  CT_LIMIT_EXEMPT: '127.0.0.1',
};

interface Scenario {
  readonly name: string;
  readonly text: string;
  readonly isPaused: boolean;
  readonly addresses: readonly string[];
}

const health = 'GET /ct-health/ HTTP/1.1\r\nHost: x\r\nctstickiness: flood\r\n\r\n';
const scenarios: readonly Scenario[] = [
  { name: 'slow heads', text: 'GET / HTTP/1.1\r\nHost: x\r\n', isPaused: false, addresses },
  { name: 'slow readers', text: health.repeat(2), isPaused: true, addresses },
  { name: 'connections', text: health, isPaused: false, addresses: ['127.0.0.2'] },
];

interface Felt {
  readonly p99Ms: number;
  readonly failed: number;
  readonly asked: number;
}

export async function runFloods({ isShort, folder }: RunOptions): Promise<Outcome> {
  const size = isShort ? sizes.short : sizes.full;
  const { frontPort, child } = await startDirect(folder, edges, settings);
  try {
    const pid = frontDoorOf(child.pid);
    await feel(frontPort, warmUpSeconds);
    const calm = await feel(frontPort, size.calmSeconds);
    const base = { memory: memoryOf(pid), descriptors: descriptorsOf(pid) };
    const rows = [['flood', 'p99 ms', 'to calm', 'failed', 'of']];
    rows.push(['none', calm.p99Ms.toFixed(1), '1.00', String(calm.failed), String(calm.asked)]);
    const verdicts: Verdict[] = [];
    const felt: Felt[] = [];
    for (const scenario of scenarios) {
      const under = await feelUnder(frontPort, scenario, size);
      felt.push(under);
      const ratio = under.p99Ms / calm.p99Ms;
      rows.push([
        scenario.name,
        under.p99Ms.toFixed(1),
        ratio.toFixed(2),
        String(under.failed),
        String(under.asked),
      ]);
      const metric = scenario.name.replace(' ', '-');
      verdicts.push(judge('floods', `${metric}-p99-to-calm`, ratio, { atMost: 2 }));
      verdicts.push(judge('floods', `${metric}-good-clients-failed`, under.failed, { atMost: 0 }));
    }
    const left = await settle(pid, base, size.settleSeconds);
    verdicts.push(judge('floods', 'descriptors-left', left.descriptors, { atMost: 10 }));
    verdicts.push(judge('floods', 'memory-to-base', left.memory, { atMost: 1.1 }));
    return {
      benchmark: 'floods',
      text: formatTable(rows),
      figures: [calm, ...felt, left],
      verdicts,
      failures: {},
    };
  } finally {
    await child.stop();
  }
}

async function feelUnder(
  port: number,
  { text, isPaused, addresses: from }: Scenario,
  { crowd, seconds }: { readonly crowd: number; readonly seconds: number },
): Promise<Felt> {
  const order: FloodOrder = { port, addresses: from, count: crowd, text, isPaused };
  const flood = new Flood(order);
  const dripping = setInterval(() => flood.drip(isPaused ? '' : 'X-A: b\r\n'), dripMs);
  try {
    return await feel(port, seconds);
  } finally {
    clearInterval(dripping);
    flood.stop();
  }
}

/** Requests of good clients at a steady rate, whatever becomes of those before. */
async function feel(port: number, seconds: number): Promise<Felt> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const waiting: Promise<number | undefined>[] = [];
  const startedAtMs = performance.now();
  for (let i = 0; i < seconds * requestsPerSecond; i++) {
    const dueMs = startedAtMs + (i * 1_000) / requestsPerSecond;
    if (dueMs > performance.now()) await sleep(dueMs - performance.now());
    waiting.push(ask(port, agent, `good-${i % 50}`));
  }
  const times = await Promise.all(waiting);
  agent.destroy();
  const answered = times.filter((time) => time !== undefined).sort((a, b) => a - b);
  const p99Ms = answered[Math.floor(answered.length * 0.99)] ?? Infinity;
  return { p99Ms, failed: times.length - answered.length, asked: times.length };
}

/** How long the answer took; undefined where there was no good one. */
async function ask(port: number, agent: Agent, key: string): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const startedAtMs = performance.now();
  get({ host: '127.0.0.1', port, agent, path: '/ct-health/', headers: { ctstickiness: key } }, (answer) => {
    answer.resume();
    answer.once('end', () =>
      resolve(answer.statusCode === 200 ? performance.now() - startedAtMs : undefined),
    );
    answer.once('error', () => resolve(undefined));
  }).once('error', () => resolve(undefined));
  return await promise;
}

/** Until all is as before, or the time is over. */
async function settle(
  pid: number,
  base: { readonly memory: number; readonly descriptors: number },
  seconds: number,
): Promise<{ readonly memory: number; readonly descriptors: number }> {
  const deadlineMs = performance.now() + seconds * 1_000;
  for (;;) {
    const left = { memory: memoryOf(pid) / base.memory, descriptors: descriptorsOf(pid) - base.descriptors };
    if ((left.memory <= 1.1 && left.descriptors <= 10) || performance.now() > deadlineMs) return left;
    await sleep(dripMs);
  }
}

function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Of the supervisor's children. */
function frontDoorOf(supervisor: number): number {
  const children = readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim().split(' ');
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('\0proxy'));
  if (found === undefined) throw new Error('the front door is not among the children of its supervisor');
  return Number(found);
}
