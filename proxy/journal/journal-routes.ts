/** The admin API of the journal: pages of entries and of samples, newest first; `next` is what the page after it begins with. */
import type { AdminRoute } from '#shared/admin-server.ts';
import { AppError } from '#shared/errors.ts';
import { hashKeyForLog } from '#shared/fleet-secrets.ts';
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import { parseAffinityKey, parseEdgeId } from '#shared/ids.ts';
import type { JournalQuery, JournalStore } from './journal-store.ts';

const limitMax = 1_000;
const limitDefault = 100;

export function journalRoutes(store: JournalStore, secrets: FleetSecrets): Record<string, AdminRoute> {
  return {
    '/admin/audit': async (query) => {
      const page = readPage(query);
      const entries = await store.listEntries({ ...page, key: readKey(query, secrets) });
      return { entries, next: nextOf(entries, page) };
    },
    '/admin/usage': async (query) => {
      const page = readPage(query);
      const samples = await store.listUsage({ ...page, origin: readEdge(query) });
      return { samples, next: nextOf(samples, page) };
    },
  };
}

/** Undefined on the last page. */
function nextOf(page: readonly { readonly id: number }[], { limit }: JournalQuery): number | undefined {
  return page.length < limit ? undefined : page.at(-1)?.id;
}

function readPage(query: URLSearchParams): JournalQuery {
  const limit = readNumber(query, 'limit') ?? limitDefault;
  if (limit < 1 || limit > limitMax) throw new AppError('body-invalid');
  return { sinceMs: readNumber(query, 'since'), before: readNumber(query, 'before'), limit };
}

function readNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new AppError('body-invalid');
  return Number(text);
}

function readKey(query: URLSearchParams, secrets: FleetSecrets): string | undefined {
  const text = query.get('session');
  if (text === null) return undefined;
  const key = parseAffinityKey(text);
  if (key === undefined) throw new AppError('key-invalid');
  return hashKeyForLog(secrets, key);
}

function readEdge(query: URLSearchParams): string | undefined {
  const text = query.get('edge');
  if (text === null) return undefined;
  const id = parseEdgeId(text);
  if (id === undefined) throw new AppError('edge-unknown');
  return id;
}
