/** The admin port of the front door: its operations with what each does, its gauges, its Unix-domain socket. */
import { join, resolve } from 'node:path';
import { openAdminServer } from '#shared/admin-server.ts';
import { AppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import { askForReplacement } from '#shared/replacement.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { ensureSecret } from '#shared/settings/secrets.ts';
import { socketPathFault } from '#shared/socket-path.ts';
import type { Dashboard } from '../dashboard/dashboard.ts';
import type { FrontJournal } from '../journal/front-journal.ts';
import type { Locator } from '../locator.ts';
import type { MetricsPage } from '../metrics-page.ts';
import type { Reloads } from '../reload/reloads.ts';
import { adminTable } from './admin-table.ts';
import type { AdminTable } from './admin-table.ts';
import { Evictions } from './eviction.ts';
import { historyHandlers } from './history-handlers.ts';
import { journalHandlers } from './journal-handlers.ts';
import { lookHandlers } from './look-handlers.ts';
import { metricsHandlers } from './metrics-handlers.ts';
import { moveHandlers } from './move-handlers.ts';
import { joinOperations } from './operation.ts';
import type { Act, Handlers } from './operation.ts';
import { poolSettingHandlers } from './pool-setting-handlers.ts';
import { regionHandlers } from './region-handlers.ts';
import { SessionAdministration } from './session-administration.ts';
import { sessionHandlers } from './session-handlers.ts';
import { settingsHandlers } from './settings-handlers.ts';
import { versionHandlers } from './version-handlers.ts';

interface AdminPortOptions {
  readonly settings: Settings;
  readonly locator: Locator;
  readonly journal: FrontJournal;
  readonly page: MetricsPage;
  readonly reloads: Reloads;
  /** Offers the operations, too, to whom its gate lets in. */
  readonly dashboard: Dashboard;
  readonly log: Log;
  readonly ports: Readonly<Record<string, number | undefined>>;
  readonly signal: AbortSignal;
}

/** Opens the port; resolves with its number. */
export async function openAdmin(options: AdminPortOptions): Promise<{ port: number; close: () => void }> {
  const { settings, locator, page, log, ports, signal } = options;
  const { pool, metrics } = locator;
  const handlers = handlersOf(options, () => ({ ...ports, admin: admin.port }));
  const operations = joinOperations(adminTable, handlers, {
    audit: (act) => audit(log, act),
    fault: (operation, error) => log.error('admin.failed', { operation, code: 'internal', error }),
  });
  options.dashboard.serve(operations);
  const admin = await openAdminServer({
    host: settings.CT_ADMIN_HOST,
    port: settings.CT_ADMIN_PORT,
    tokens: {
      admin: settings.CT_ADMIN_TOKEN || ensureSecret(settings.CT_DATA_DIR, 'admin'),
      reader: settings.CT_ADMIN_READER_TOKEN || ensureSecret(settings.CT_DATA_DIR, 'admin-reader'),
    },
    socketPath: socketPathOf(settings, log),
    onSocketFault: (error) => log.warn('admin.socket-refused', { error }),
    metrics,
    metricsAccess: page.access,
    refreshMetrics: async () => await page.refresh(),
    notReady: () => [
      ...(pool.hasReadyEdge ? [] : ['no edge is ready']),
      ...(signal.aborted ? ['stopping'] : []),
    ],
    operations,
  });
  return admin;
}

function handlersOf(
  { settings, locator, journal, reloads, log }: AdminPortOptions,
  ports: () => Readonly<Record<string, number | undefined>>,
): Handlers<AdminTable> {
  const administration = new SessionAdministration({ ...locator, log, nowMs });
  const evictions = new Evictions({
    ...locator,
    endSession: async (key) => await administration.end(key),
  });
  return {
    ...lookHandlers({ ...locator, nowMs, startedAtMs: nowMs(), ports }),
    ...moveHandlers({ ...locator, evictions }),
    ...sessionHandlers(administration),
    ...regionHandlers(locator),
    ...metricsHandlers(locator.metricsSetting),
    ...journalHandlers(journal.store, locator.secrets),
    ...historyHandlers({
      history: journal.history.asker,
      store: journal.store,
      edges: () => locator.pool.list(nowMs()),
      timeZone: () => settings.CT_TIME_ZONE,
    }),
    ...poolSettingHandlers(locator.poolSettings),
    ...settingsHandlers(settings, reloads),
    ...versionHandlers({ ...locator, settings, nowMs }),
    licence: () => locator.licence.view(),
    replace: () => {
      reloads.judgeSuccessor();
      if (!askForReplacement()) throw new AppError('replace-unsupported');
      return { pid: process.pid };
    },
  };
}

/** Undefined where there is to be none, or the path cannot be one. */
function socketPathOf(settings: Settings, log: Log): string | undefined {
  if (settings.CT_ADMIN_SOCKET === 'off') return undefined;
  const path = resolve(
    settings.CT_ADMIN_SOCKET === 'auto' ? join(settings.CT_DATA_DIR, 'admin.sock') : settings.CT_ADMIN_SOCKET,
  );
  const fault = socketPathFault(path);
  if (fault === undefined) return path;
  log.warn('admin.socket-refused', { error: fault });
  return undefined;
}

/** Names of people are for the journal alone. */
function audit(log: Log, { operation, caller, change, code }: Act): void {
  const { key, subject, before, after } = change;
  const how = [before, after].filter((part) => part !== undefined).join(' -> ');
  const detail = [operation, how, code === undefined ? '' : `refused: ${code}`].filter(Boolean).join(', ');
  log.info('admin.acted', {
    operation,
    via: caller.via,
    subject,
    before,
    after,
    code,
    audit: { user: caller.name, client: caller.via, detail, key, subject: subject ?? '' },
  });
}

function nowMs(): number {
  return performance.now();
}
