/** Keys and edges as administrators write them. */
import { AppError } from '#shared/errors.ts';
import { parseAffinityKey, parseEdgeId } from '#shared/ids.ts';
import type { AffinityKey, EdgeId } from '#shared/ids.ts';

/** Throws `key-invalid`. */
export function requireKey(text: string | undefined): AffinityKey {
  const key = parseAffinityKey(text ?? '');
  if (key === undefined) throw new AppError('key-invalid');
  return key;
}

/** Throws `edge-unknown`. */
export function requireEdgeId(text: string): EdgeId {
  const id = parseEdgeId(text);
  if (id === undefined) throw new AppError('edge-unknown');
  return id;
}
