/** The admin port of the front door: all its routes and gauges, put together. */
import { openAdminServer } from '#shared/admin-server.ts';
import { AppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import { askForReplacement } from '#shared/replacement.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { ensureSecret } from '#shared/settings/secrets.ts';
import { adminRoutes } from './admin-routes.ts';
import type { FrontJournal } from './journal/front-journal.ts';
import { journalRoutes } from './journal/journal-routes.ts';
import type { Locator } from './locator.ts';
import { moveActions, moveRoutes } from './move/move-routes.ts';
import { regionChanges, regionRoutes } from './region-routes.ts';
import { SessionAdministration } from './session-administration.ts';
import { sessionActions, sessionRoutes } from './session-routes.ts';

/** Opens the port; resolves with its number. */
export async function openAdmin(options: {
  settings: Settings;
  locator: Locator;
  journal: FrontJournal;
  log: Log;
  ports: Readonly<Record<string, number | undefined>>;
  signal: AbortSignal;
}): Promise<{ port: number; close: () => void }> {
  const { settings, locator, journal, log, ports, signal } = options;
  const { directory, pool, drains, links, metrics } = locator;
  const startedAtMs = nowMs();
  const administration = new SessionAdministration({ ...locator, log, nowMs });
  const admin = await openAdminServer({
    host: settings.CT_ADMIN_HOST,
    port: settings.CT_ADMIN_PORT,
    token: settings.CT_ADMIN_TOKEN || ensureSecret(settings.CT_DATA_DIR, 'admin'),
    metrics,
    refreshMetrics: async () => {
      journal.setGauges(metrics);
      await refreshGauges(locator);
    },
    notReady: () => [
      ...(pool.hasReadyEdge ? [] : ['no edge is ready']),
      ...(signal.aborted ? ['stopping'] : []),
    ],
    routes: {
      ...adminRoutes({
        directory,
        pool,
        drains,
        links,
        nowMs,
        startedAtMs,
        ports: () => ({ ...ports, admin: admin.port }),
      }),
      ...moveRoutes(locator),
      ...sessionRoutes(administration),
      ...regionRoutes(locator),
      ...journalRoutes(journal.store, locator.secrets),
    },
    changes: regionChanges(locator),
    actions: {
      ...moveActions(locator),
      ...sessionActions(administration),
      '/admin/replace': () => {
        if (!askForReplacement()) throw new AppError('replace-unsupported');
        return { pid: process.pid };
      },
    },
  });
  return admin;
}

async function refreshGauges({ metrics, pool, directory, drains }: Locator): Promise<void> {
  metrics.reset('ct_proxy_drain_left');
  for (const { edge, left } of drains.views()) metrics.set('ct_proxy_drain_left', left, { edge });
  metrics.reset('ct_proxy_edge_state');
  metrics.reset('ct_proxy_edge_load');
  for (const edge of pool.list(performance.now())) {
    metrics.set('ct_proxy_edge_state', 1, { edge: edge.id, state: edge.state });
    metrics.set('ct_proxy_edge_load', edge.score, { edge: edge.id });
  }
  const pins = await directory.countPins().catch(() => undefined);
  metrics.set('ct_proxy_directory_up', pins === undefined ? 0 : 1);
  if (pins !== undefined) metrics.set('ct_proxy_pins', pins);
}

function nowMs(): number {
  return performance.now();
}
