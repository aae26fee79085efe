/**
 * May this edge serve an exchange? Judges the internal headers that every front door adds: pass, owner,
 * epoch. The rules are those of fencing: a lower epoch than the one known here is stale, a higher one
 * means that what this edge remembers of the session is over.
 */
import type { ErrorCode } from '#shared/errors.ts';
import { secretsEqual } from '#shared/fleet-secrets.ts';
import { parseAffinityKey, parseEpoch } from '#shared/ids.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';

/** The internal headers as they came; an absent one is an empty text. */
export interface AdmissionInput {
  readonly pass: string;
  readonly owner: string;
  readonly key: string;
  readonly epoch: string;
}

export interface AdmissionContext {
  readonly pass: string;
  /** `edge:incarnation` of this edge; undefined before a front door has given the incarnation. */
  readonly owner: string | undefined;
  /** Whether the lease is running. */
  readonly mayServe: boolean;
  readonly isStopping: boolean;
  /** Highest epoch that this edge has seen for a key. */
  readonly epochOf: (key: AffinityKey) => Epoch | undefined;
}

export type AdmissionResult =
  | {
      readonly kind: 'admitted';
      readonly key: AffinityKey;
      readonly epoch: Epoch;
      /** The session that this edge remembers belongs to an older epoch: forget it first. */
      readonly outdatesSession: boolean;
    }
  | { readonly kind: 'refused'; readonly code: ErrorCode };

/** Judges in this order: who sent it, is it for me, may I serve at all, is it the newest epoch. */
export function judgeAdmission(input: AdmissionInput, context: AdmissionContext): AdmissionResult {
  if (!secretsEqual(input.pass, context.pass)) return refuse('pass-missing');
  const key = parseAffinityKey(input.key);
  const epoch = parseEpoch(input.epoch);
  if (key === undefined || epoch === undefined) return refuse('key-invalid');
  if (input.owner !== context.owner) return refuse('wrong-edge');
  if (context.isStopping) return refuse('edge-leaving');
  if (!context.mayServe) return refuse('fenced');
  const known = context.epochOf(key);
  if (known !== undefined && epoch < known) return refuse('stale-epoch');
  return { kind: 'admitted', key, epoch, outdatesSession: known !== undefined && epoch > known };
}

function refuse(code: ErrorCode): AdmissionResult {
  return { kind: 'refused', code };
}
