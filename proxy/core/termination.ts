/** Who ended an exchange, and in which phase: the two letters of its last line (`shared/terminations.ts`). Pure. */
import type { ErrorCode, ErrorEntry } from '#shared/errors.ts';
import type { Ender, Phase } from '#shared/terminations.ts';

export interface Outcome {
  readonly error: { readonly code: ErrorCode; readonly entry: Pick<ErrorEntry, 'source'> } | undefined;
  /** What the path means was known. */
  readonly isRouted: boolean;
  readonly isKeyed: boolean;
  readonly isPlaced: boolean;
  /** A byte of the answer went to the client. */
  readonly hasAnswer: boolean;
  /** Of a tunnel: how it ended; undefined where there was none. */
  readonly tunnel: TunnelEnder | undefined;
}

export type TunnelEnder = 'client' | 'upstream' | 'idle' | 'front-door' | 'unknown' | 'left';

const tunnelEnders: Readonly<Record<TunnelEnder, Ender>> = {
  client: 'C',
  upstream: 'S',
  idle: 'T',
  'front-door': 'K',
  unknown: '?',
  left: 'L',
};

const ofBody: ReadonlySet<ErrorCode> = new Set([
  'request-timeout',
  'body-too-slow',
  'body-too-large',
  'framing-ambiguous',
]);
const ofConnecting: ReadonlySet<ErrorCode> = new Set(['upstream-refused', 'upstream-untrusted']);

export function describeTermination(outcome: Outcome): string {
  if (outcome.tunnel !== undefined) return `${tunnelEnders[outcome.tunnel]}U`;
  if (outcome.error === undefined) return '--';
  return `${enderOf(outcome.error)}${phaseOf(outcome, outcome.error.code)}`;
}

function enderOf({ code, entry }: NonNullable<Outcome['error']>): Ender {
  switch (entry.source) {
    case 'downstream':
      if (code === 'client-left') return 'C';
      return code === 'request-timeout' || code === 'body-too-slow' ? 'c' : 'P';
    case 'upstream':
      return code === 'upstream-timeout' ? 's' : 'S';
    case 'internal':
      return code === 'internal' ? 'I' : 'R';
  }
}

function phaseOf({ isRouted, isKeyed, isPlaced, hasAnswer }: Outcome, code: ErrorCode): Phase {
  if (hasAnswer) return 'D';
  if (!isRouted) return 'R';
  if (ofBody.has(code)) return 'B';
  if (!isKeyed) return 'R';
  if (!isPlaced) return 'P';
  if (code === 'edge-busy') return 'Q';
  return ofConnecting.has(code) ? 'C' : 'H';
}
