/** `mooring maintenance | weight | evict`: which edges get new keys, and a key that is to be placed anew. */
import { ask } from './admin-client.ts';
import { print } from './inspect.ts';
import type { InspectOptions } from './inspect.ts';

/** Longer than the end of a session may take at its edge. */
const evictMaxMs = 15_000;

export const maintenanceHelp = `
The edge or backend gets no new keys through any front door, and keeps the sessions that it has, until it is off again;
also over a restart of the edge or of front doors. To empty it, use mooring drain.

Examples:
  mooring maintenance edge-2        or: mooring maintenance edge-2 on
  mooring maintenance edge-2 off`;

export async function setMaintenance(
  edge: string,
  word: string | undefined,
  options: InspectOptions,
): Promise<void> {
  if (word !== undefined && word !== 'on' && word !== 'off')
    throw new Error('say: mooring maintenance EDGE [on|off]');
  const on = word !== 'off';
  await ask(options, '/admin/maintenance', { body: { edge, on } });
  print(options, { edge, on }, () => [
    on ? `${edge} takes no new keys, and keeps its sessions` : `${edge} takes new keys again`,
  ]);
}

export const weightHelp = `
New keys are shared out by weight; 100 is the usual one. Keys that have an edge stay there. Every front door has it
within a second or two, and it stays over restarts.

Examples:
  mooring weight edge-2 50          half of what others get
  mooring weight edge-2 own         back to the weight of its own (CT_EDGE_WEIGHT, or of CT_BACKEND)`;

export async function setWeight(edge: string, text: string, options: InspectOptions): Promise<void> {
  const weight = text === 'own' ? null : Number(text);
  if (weight !== null && !/^\d{1,4}$/.test(text))
    throw new Error('the weight is a whole number from 1 to 1000, or own');
  const answer = await ask<{ edge: string; weight: number }>(options, '/admin/weight', {
    body: { edge, weight },
  });
  print(options, answer, () => [`${edge} has weight ${answer.weight} now`]);
}

export const evictHelp = `
Removes the key's pin, so that its next connection is placed by load like a new one. Where somebody is connected it is
refused: --end ends the session first, and its members are told. Keys of static backends have to be idle.

Examples:
  mooring evict my-session
  mooring evict my-session --end`;

export async function evict(
  key: string,
  options: InspectOptions & { readonly end?: boolean },
): Promise<void> {
  const body = { key, endSession: options.end === true };
  const answer = await ask<{ edge: string; epoch: number }>(options, '/admin/evict', {
    body,
    maxMs: evictMaxMs,
  });
  print(options, answer, () => [
    `${key} has no edge any more; it was on ${answer.edge} (epoch ${answer.epoch})`,
  ]);
}
