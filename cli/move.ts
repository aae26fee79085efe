/** `mooring move | drain | undrain`: sessions change their edge. Refusals are one line and exit 1. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, print } from './inspect.ts';
import type { InspectOptions } from './inspect.ts';

interface DrainView {
  readonly edge: string;
  readonly state: string;
  readonly moved: number;
  readonly failed: number;
  readonly left: number;
}

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

export async function undrainEdge(edge: string, options: InspectOptions): Promise<void> {
  await ask(options, '/admin/undrain', { body: { edge } });
  print(options, { edge }, () => [`${edge} takes sessions again`]);
}
