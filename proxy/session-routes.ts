/** The admin API for sessions: what `mooring sessions | end | remove` ask for, checked before anything happens. */
import { z } from 'zod';
import type { AdminAction, AdminRoute } from '#shared/admin-server.ts';
import { AppError } from '#shared/errors.ts';
import { parseAffinityKey } from '#shared/ids.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { removalSchema } from '#shared/session-views.ts';
import type { SessionAdministration } from './session-administration.ts';

const endSchema = z.object({ key: z.string() });
const removeSchema = removalSchema.extend({ key: z.string() });

export function sessionRoutes(administration: SessionAdministration): Record<string, AdminRoute> {
  return {
    '/admin/sessions': async (query) => {
      const key = query.get('key');
      return key === null ? await administration.list() : await administration.show(keyOf(key));
    },
  };
}

export function sessionActions(administration: SessionAdministration): Record<string, AdminAction> {
  return {
    '/admin/end': async (body) => await administration.end(keyOf(parse(endSchema, body).key)),
    '/admin/remove': async (body) => {
      const { key, member, isBanned } = parse(removeSchema, body);
      return await administration.remove(keyOf(key), member, isBanned);
    },
  };
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new AppError('body-invalid');
  return parsed.data;
}

function keyOf(text: string): AffinityKey {
  const key = parseAffinityKey(text);
  if (key === undefined) throw new AppError('key-invalid');
  return key;
}
