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
 * Opens the ports of clients; undefined where Node alone carries connections, which has no word for a bare
 * descriptor. Throws a line for people where a port cannot be had.
 */
export async function openListeners(settings: Settings): Promise<Listeners | undefined> {
  const native = settings.CT_NATIVE_SOCKETS === 'off' ? undefined : loadNativeSockets();
  if (native === undefined) return undefined;
  // Nothing is accepted here: the descriptors leave the set before its first turn.
  native.open(new Uint8Array(1_024), new Int32Array(80), () => undefined);
  try {
    const names = servesTls(settings) ? (['http', 'https'] as const) : (['http'] as const);
    const descriptors: number[] = [];
    const held = readInheritedListeners(process.env, process.pid);
    for (const name of names) {
      const setting = name === 'http' ? 'CT_HTTP_PORT' : 'CT_HTTPS_PORT';
      const port = { setting, port: settings[setting] };
      descriptors.push(held[name] ?? (await openPort(native, settings.CT_HOST, port)));
    }
    return { descriptors, env: { LISTEN_FDS: String(names.length), LISTEN_FDNAMES: names.join(':') } };
  } finally {
    native.shutDown();
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
