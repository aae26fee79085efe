/** `mooring proxy` with several front doors, or one that is restarted by plan: a supervisor that holds their sockets, and nothing else. */
import { readLicence } from '#shared/licence/licence-source.ts';
import { localHost } from '#shared/local-host.ts';
import { openLog } from '#shared/log.ts';
import { openLogPlaces } from '#shared/log-places.ts';
import { announceReady, armProcessLife, onHangup } from '#shared/process-life.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { SettingsSource } from '#shared/settings/source.ts';
import { version } from '#shared/version.ts';
import { ChildSettings } from './child-settings.ts';
import { lockDataDir } from './data-dir-lock.ts';
import { FrontWorkers } from './front-workers.ts';
import { ProcessTable, supervisorRow } from './process-table.ts';
import { ScheduledRestart } from './scheduled-restart.ts';

/** Resolves when all of them serve. */
export async function runWorkers(settings: Settings, source: SettingsSource): Promise<void> {
  // A licence that is none stops the start here, in one line.
  readLicence(settings);
  // A second supervisor would take run state and admin sockets from the first, and remove both when it ends.
  const lock = lockDataDir(settings.CT_DATA_DIR);
  const places = openLogPlaces(settings, 'proxy');
  const log = openLog({ level: settings.CT_LOG_LEVEL, role: 'proxy', places });
  log.info('process.starting', { version, message: `Mooring v${version}` });
  const told = new ChildSettings(settings, source, undefined);
  const table = new ProcessTable(settings.CT_DATA_DIR, log);
  table.started(supervisorRow(settings, 'proxy'), 'first');
  const restart = new ScheduledRestart({ settings, what: '--front-door', log });
  const stopMaxMs = settings.CT_STOP_GRACE_MS + 11_000;
  const workers: FrontWorkers = await FrontWorkers.open({
    settings,
    told,
    log,
    stopMaxMs,
    table,
    onTold: () => workers.keepTold(),
  });
  const stop = async (): Promise<void> => {
    restart.stop();
    await workers.stop();
    lock.release();
  };
  armProcessLife({ log, stop, stopMaxMs: stopMaxMs + 5_000 });
  onHangup(() => workers.pass('SIGHUP'));
  if (settings.CT_LOG_DIR !== '') process.on('SIGUSR1', () => workers.pass('SIGUSR1'));
  try {
    const ports = await workers.start();
    table.serve(ports);
    restart.begin();
    log.info('process.ready', { ports });
    // What the children said comes before it: the fingerprint of a certificate that they made is among that.
    await log.flush();
    announce(settings, workers, ports);
  } catch (error) {
    await stop();
    await log.flush();
    throw error;
  }
}

function announce(settings: Settings, workers: FrontWorkers, ports: Readonly<Record<string, number>>): void {
  const host = localHost(settings.CT_HOST);
  const https = ports['https'] === undefined ? '' : `, https://${host}:${ports['https']}`;
  const control =
    workers.controlPorts.length === 0 ? '' : `, edges join on ${workers.controlPorts.join(' and ')}`;
  const line = `mooring proxy ready: http://${host}:${ports['http']}${https}, admin on ${workers.adminPorts.join(', ')}${control}, ${settings.CT_PROXY_WORKERS} front doors`;
  announceReady(line, ports);
}
