/** `mooring verify`: proves on the running fleet that no key has two owners; exit 1 where it does not. */
import { ask } from './admin-client.ts';
import { print, row } from './inspect.ts';
import type { InspectOptions } from './inspect.ts';

interface VerificationView {
  readonly edges: readonly {
    readonly edge: string;
    readonly incarnation: number;
    readonly state: 'answered' | 'silent';
    readonly held: number;
    readonly agreed: number;
    readonly lost: number;
    readonly outdated: number;
  }[];
  readonly keys: number;
  readonly splits: readonly {
    readonly key: string;
    readonly owners: readonly { readonly edge: string; readonly epoch: number }[];
  }[];
}

const answerMaxMs = 60_000;

export const verifyHelp = `
Every edge is asked for the keys that it holds live, and the lists are compared with each other and
with the directory. Nothing is changed: front doors repair differences by themselves, every minute.

  AGREED    as the directory says
  LOST      the directory has forgotten it, or went back in time; it is put back
  OUTDATED  the epoch is over; the edge is told to close it

Exit 0: no key has two owners. Exit 1: one has, or an edge that may serve did not answer.

Examples:
  mooring verify
  mooring verify --json | jq .splits
  mooring verify --admin http://front-2:1090   through another front door`;

export async function verify(options: InspectOptions): Promise<void> {
  const found = await ask<VerificationView>(options, '/admin/verify', { maxMs: answerMaxMs });
  print(options, found, () => [
    row(['EDGE', 'INC', 'STATE', 'HELD', 'AGREED', 'LOST', 'OUTDATED']),
    ...found.edges.map(({ edge, incarnation, state, held, agreed, lost, outdated }) =>
      row([edge, incarnation, state, held, agreed, lost, outdated]),
    ),
    ...found.splits.map(
      ({ key, owners }) =>
        `SPLIT ${key}: ${owners.map(({ edge, epoch }) => `${edge} (epoch ${epoch})`).join(', ')}`,
    ),
    `${found.keys} keys held, ${found.splits.length} with two owners`,
  ]);
  const silent = found.edges.filter(({ state }) => state === 'silent').map(({ edge }) => edge);
  if (found.splits.length > 0) throw new Error(`${found.splits.length} keys have two owners`);
  if (silent.length > 0)
    throw new Error(`not proved: ${silent.join(', ')} may serve and did not answer this front door`);
}
