/** The admin API of the journal: pages of entries and of samples, newest first; `next` is what the page after it begins with. */
import { hashKeyForLog } from '#shared/fleet-secrets.ts';
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import type { JournalQuery, JournalStore } from '../journal/journal-store.ts';
import type { AdminTable } from './admin-table.ts';
import { requireEdgeId, requireKey } from './given-ids.ts';
import type { Handlers } from './operation.ts';

const limitDefault = 100;

export function journalHandlers(
  store: JournalStore,
  secrets: FleetSecrets,
): Handlers<AdminTable, 'audit' | 'usage'> {
  return {
    audit: async ({ query }) => {
      const page = pageOf(query);
      const key = query.session === undefined ? undefined : hashKeyForLog(secrets, requireKey(query.session));
      const entries = await store.listEntries({ ...page, key });
      return { entries, ...nextOf(entries, page) };
    },
    usage: async ({ query }) => {
      const page = pageOf(query);
      const origin = query.edge === undefined ? undefined : requireEdgeId(query.edge);
      const samples = await store.listUsage({ ...page, origin });
      return { samples, ...nextOf(samples, page) };
    },
  };
}

interface GivenPage {
  readonly since?: number | undefined;
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
}

function pageOf({ since, before, limit = limitDefault }: GivenPage): JournalQuery {
  return { sinceMs: since, before, limit };
}

/** Nothing on the last page. */
export function nextOf(
  page: readonly { readonly id: number }[],
  { limit }: Pick<JournalQuery, 'limit'>,
): { next?: number } {
  const last = page.at(-1);
  return last === undefined || page.length < limit ? {} : { next: last.id };
}
