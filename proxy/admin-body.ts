/** What the actions of the admin API ask of their bodies: a shape, and keys that are keys. */
import type { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { parseAffinityKey } from '#shared/ids.ts';
import type { AffinityKey } from '#shared/ids.ts';

/** Throws `body-invalid`. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new AppError('body-invalid');
  return parsed.data;
}

/** Throws `key-invalid`. */
export function requireKey(text: string): AffinityKey {
  const key = parseAffinityKey(text);
  if (key === undefined) throw new AppError('key-invalid');
  return key;
}
