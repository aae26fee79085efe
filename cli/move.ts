/** `mooring move | drain | undrain | restart`: sessions change their edge. Refusals are one line and exit 1. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './admin-client.ts';
import { print } from './inspect.ts';
import type { InspectOptions } from './inspect.ts';

interface DrainView {
  readonly edge: string;
  readonly state: string;
  readonly moved: number;
  readonly failed: number;
  readonly left: number;
}

interface EdgeView {
  readonly id: string;
  readonly state: string;
  readonly incarnation: number;
}

/** Longer than a stop and a start take together. */
const returnMaxMs = 60_000;
/** Longer than a move may take. */
const moveAnswerMaxMs = 10_000;
const lookIntervalMs = 500;
const deadlineMaxSeconds = 86_400;

export async function moveSession(key: string, edge: string, options: InspectOptions): Promise<void> {
  const limits = { body: { key, edge }, maxMs: moveAnswerMaxMs };
  const pin = await ask<{ key: string; edge: string; epoch: number }>(options, '/admin/move', limits);
  print(options, pin, () => [`${pin.key} is on ${pin.edge} now (epoch ${pin.epoch})`]);
}

/** Shows the progress until the edge is empty; throws where sessions are left at the deadline. */
export async function drainEdge(
  edge: string,
  options: InspectOptions & { readonly deadline: string },
): Promise<void> {
  const deadlineSeconds = Number(options.deadline);
  if (!/^\d{1,5}$/.test(options.deadline) || deadlineSeconds < 1 || deadlineSeconds > deadlineMaxSeconds) {
    throw new Error(`--deadline must be a whole number of seconds from 1 to ${deadlineMaxSeconds}`);
  }
  let shown = '';
  let view = await ask<DrainView>(options, '/admin/drain', { body: { edge, deadlineSeconds } });
  for (;;) {
    const line = `${edge}: ${view.state}, ${view.moved} moved, ${view.failed} failed tries, ${view.left} left`;
    if (line !== shown) print(options, view, () => [line]);
    shown = line;
    if (view.state === 'drained') return;
    if (view.state === 'overdue') throw new Error(`${view.left} sessions are left on ${edge}`);
    await sleep(lookIntervalMs);
    const { drains } = await ask<{ drains: DrainView[] }>(options, '/admin/drains');
    const next = drains.find((drain) => drain.edge === edge);
    if (next === undefined) throw new Error(`${edge} is not being drained any more`);
    view = next;
  }
}

export interface RestartOptions extends InspectOptions {
  readonly deadline: string;
  readonly rolling?: boolean;
  readonly frontDoor?: boolean;
}

/**
 * Replaces the front door where a supervisor does it, then edges one after the other: empties each, has it stop, and
 * waits until it is back. Throws at the first that fails.
 */
export async function restart(edge: string | undefined, options: RestartOptions): Promise<void> {
  const asked = [edge !== undefined, options.rolling === true, options.frontDoor === true];
  if (asked.filter(Boolean).length > 1)
    throw new Error('name the edge to restart, or --front-door, or --rolling for everything');
  // Loaded on demand: it is a native module, and who moves and drains locks nothing.
  const { lockRestart } = await import('./data-dir-lock.ts');
  const lock = lockRestart(options.dataDir);
  try {
    if (edge === undefined) await replaceFrontDoor(options);
    if (options.frontDoor !== true) await restartEdges(edge, options);
  } finally {
    lock.release();
  }
}

async function replaceFrontDoor(options: RestartOptions): Promise<void> {
  let before: { pid: number };
  try {
    before = await ask<{ pid: number }>(options, '/admin/replace', { body: {} });
  } catch (error) {
    if (options.frontDoor === true || !String(error).includes('replace-unsupported')) throw error;
    const reason = 'not replaced, for no supervisor runs it';
    return print(options, { frontDoor: 'kept', reason }, () => [`front door: ${reason}`]);
  }
  const deadline = performance.now() + returnMaxMs;
  while (performance.now() < deadline) {
    await sleep(lookIntervalMs);
    // Between two processes nobody listens on the admin port.
    const now = await ask<{ pid: number; ready: number }>(options, '/admin/status').catch(() => undefined);
    if (now === undefined || now.pid === before.pid || now.ready === 0) continue;
    return print(options, { frontDoor: 'replaced', pid: now.pid }, () => [
      `front door: replaced, process ${now.pid}`,
    ]);
  }
  throw new Error(`no other front door serves after ${returnMaxMs / 1_000} s: its log tells why`);
}

async function restartEdges(edge: string | undefined, options: RestartOptions): Promise<void> {
  const pool = await listEdges(options);
  const ids = edge === undefined ? pool.map(({ id }) => id) : [edge];
  for (const id of ids) {
    const before = pool.find((known) => known.id === id);
    await drainEdge(id, options);
    await ask(options, '/admin/stop', { body: { edge: id } });
    const incarnation = await waitForReturn(id, before?.incarnation ?? 0, options);
    print(options, { edge: id, incarnation }, () => [`${id}: restarted, incarnation ${incarnation}`]);
  }
}

async function waitForReturn(id: string, before: number, options: InspectOptions): Promise<number> {
  const deadline = performance.now() + returnMaxMs;
  while (performance.now() < deadline) {
    const edge = (await listEdges(options)).find((known) => known.id === id);
    if (edge !== undefined && edge.incarnation > before && edge.state === 'ready') return edge.incarnation;
    await sleep(lookIntervalMs);
  }
  throw new Error(
    `${id} has stopped and is not back after ${returnMaxMs / 1_000} s: does a supervisor start it?`,
  );
}

async function listEdges(options: InspectOptions): Promise<readonly EdgeView[]> {
  return (await ask<{ edges: EdgeView[] }>(options, '/admin/edges')).edges;
}

export async function undrainEdge(edge: string, options: InspectOptions): Promise<void> {
  await ask(options, '/admin/undrain', { body: { edge } });
  print(options, { edge }, () => [`${edge} takes sessions again`]);
}
