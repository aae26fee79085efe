/**
 * Listening sockets that the supervisor opens and keeps, so that connections wait while the front door behind them is
 * replaced, or starts again after a crash. Those that systemd holds are kept instead. Its children inherit them as sd_listen_fds(3) describes.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { loadNativeSockets } from '#native/binding.ts';
import type { NativeSockets } from '#native/binding.ts';
import { readInheritedListeners } from '#shared/inherited-listeners.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { servesTls } from '#shared/settings/tls-settings.ts';

const backlog = 4_096;

export interface Listeners {
  /** In the order of `LISTEN_FDNAMES`. */
  readonly descriptors: readonly number[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Opens the ports of clients that systemd does not hold. Where Node alone carries connections, which has no word for a bare
 * descriptor, whoever serves opens them; undefined where that is all of them. Throws a line for people where a port cannot be had.
 */
export async function openListeners(settings: Settings): Promise<Listeners | undefined> {
  const native = settings.CT_NATIVE_SOCKETS === 'off' ? undefined : loadNativeSockets();
  if (native === undefined && settings.CT_PROXY_WORKERS > 1)
    throw new Error('CT_PROXY_WORKERS: front doors share sockets by the native add-on, which is not there');
  // Nothing is accepted here: the descriptors leave the set before its first turn.
  native?.open(new Uint8Array(1_024), new Int32Array(80), () => undefined);
  try {
    const names: string[] = [];
    const descriptors: number[] = [];
    const held = readInheritedListeners(process.env, process.pid);
    for (const name of servesTls(settings) ? (['http', 'https'] as const) : (['http'] as const)) {
      const setting = name === 'http' ? 'CT_HTTP_PORT' : 'CT_HTTPS_PORT';
      const port = { setting, port: settings[setting] };
      const descriptor = held[name] ?? (native && (await openPort(native, settings.CT_HOST, port)));
      if (descriptor === undefined) continue;
      names.push(name);
      descriptors.push(descriptor);
    }
    if (names.length === 0) return undefined;
    return { descriptors, env: { LISTEN_FDS: String(names.length), LISTEN_FDNAMES: names.join(':') } };
  } finally {
    native?.shutDown();
  }
}

async function openPort(
  native: NativeSockets,
  host: string,
  { setting, port }: { setting: string; port: number },
): Promise<number> {
  try {
    const address = isIP(host) === 0 ? (await lookup(host)).address : host;
    return native.detach(native.listen(address, port, backlog));
  } catch (error) {
    throw new Error(`${setting}: cannot listen on ${host}:${port}: ${String(error)}`, { cause: error });
  }
}
