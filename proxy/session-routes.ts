/** The admin API for sessions: what `mooring sessions | end | remove` ask for, checked before anything happens. */
import { z } from 'zod';
import type { AdminAction, AdminRoute } from '#shared/admin-server.ts';
import { removalSchema } from '#shared/session-views.ts';
import { parseBody, requireKey } from './admin-body.ts';
import type { SessionAdministration } from './session-administration.ts';

const endSchema = z.object({ key: z.string() });
const removeSchema = removalSchema.extend({ key: z.string() });

export function sessionRoutes(administration: SessionAdministration): Record<string, AdminRoute> {
  return {
    '/admin/sessions': async (query) => {
      const key = query.get('key');
      return key === null ? await administration.list() : await administration.show(requireKey(key));
    },
  };
}

export function sessionActions(administration: SessionAdministration): Record<string, AdminAction> {
  return {
    '/admin/end': async (body) => await administration.end(requireKey(parseBody(endSchema, body).key)),
    '/admin/remove': async (body) => {
      const { key, member, isBanned } = parseBody(removeSchema, body);
      return await administration.remove(requireKey(key), member, isBanned);
    },
  };
}
