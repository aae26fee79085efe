/** The reloads of a front door, with the parts that have nobody else to speak for them; a SIGHUP asks for one. */
import type { Log } from '#shared/log.ts';
import { onHangup } from '#shared/process-life.ts';
import type { SettingsSource } from '#shared/settings/source.ts';
import { NetworkList } from '#shared/network-list.ts';
import type { LiveSettings } from './live-settings.ts';
import { Reloads } from './reloads.ts';

const networkSettings = ['CT_TRUSTED_PROXIES', 'CT_PROXY_PROTOCOL_FROM', 'CT_LIMIT_EXEMPT'] as const;

export function openReloads(options: { source: SettingsSource; live: LiveSettings; log: Log }): Reloads {
  const { log } = options;
  const reloads = new Reloads({ ...options, tellSupervisor: (message) => void process.send?.(message) });
  reloads.onReload('log', ({ next, changed }) =>
    changed.has('CT_LOG_LEVEL') ? () => log.setLevel(next.CT_LOG_LEVEL) : undefined,
  );
  reloads.onReload('networks', ({ next }) => {
    // Read by whoever needs them: here they are only tried.
    for (const name of networkSettings) tryNetworks(name, next[name]);
    return undefined;
  });
  onHangup(async () => await reloads.runOnSignal());
  return reloads;
}

function tryNetworks(name: string, items: readonly string[]): void {
  try {
    void new NetworkList(items);
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
}
