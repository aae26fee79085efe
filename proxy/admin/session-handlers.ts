/** The admin API for sessions: what `mooring sessions | end | remove | ban` ask for. */
import type { AdminTable } from './admin-table.ts';
import { requireEdgeId, requireKey } from './given-ids.ts';
import type { Handlers } from './operation.ts';
import type { SessionAdministration } from './session-administration.ts';

export function sessionHandlers(
  administration: SessionAdministration,
): Handlers<AdminTable, 'sessions' | 'end' | 'remove'> {
  return {
    sessions: async ({ query }) =>
      query.key === undefined
        ? await administration.list(query.edge === undefined ? undefined : requireEdgeId(query.edge))
        : await administration.show(requireKey(query.key)),
    end: async ({ body, note }) => {
      const key = requireKey(body.key);
      note({ key, after: 'ended' });
      return await administration.end(key);
    },
    remove: async ({ body: { key: text, member, isBanned }, note }) => {
      const key = requireKey(text);
      note({ key, subject: member, after: isBanned ? 'banned' : 'removed' });
      return await administration.remove(key, member, isBanned);
    },
  };
}
