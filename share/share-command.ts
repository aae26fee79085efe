/** `mooring share DIR`, from its flags to its exit code. */
import { stat } from 'node:fs/promises';
import { isWanted } from './core/news.ts';
import type { EndReason } from './core/news.ts';
import type { Desk } from './desk.ts';
import { accountOf, openDesk, serverUrl } from './person-flags.ts';
import type { PersonFlags } from './person-flags.ts';
import { SharedFolder } from './shared-folder.ts';
import { tellStrayFailures } from './stray-failures.ts';
import { untilSignal } from './until-signal.ts';
import { HostSession } from './wire/host-session.ts';
import { hostSession } from './wire/session-client.ts';

export interface ShareFlags extends PersonFlags {
  readonly key?: string;
  readonly yes?: boolean;
  readonly allow?: readonly string[];
  readonly readOnly?: boolean;
  readonly ignore?: readonly string[];
  readonly include?: readonly string[];
  readonly includeSecret?: readonly string[];
  /** `--no-ignore-files` makes it false. */
  readonly ignoreFiles: boolean;
  /** `--no-qr` makes it false. */
  readonly qr: boolean;
}

/** Resolves with the exit code: 1 where something could not be written back. */
export async function shareFolder(path: string, flags: ShareFlags): Promise<number> {
  await mustBeFolder(path);
  const desk = openDesk(flags.json === true, flags.qr);
  tellStrayFailures(desk);
  const folder = await SharedFolder.open(path, {
    rules: {
      include: flags.include ?? [],
      includeSecrets: flags.includeSecret ?? [],
      exclude: flags.ignore ?? [],
    },
    usesIgnoreFiles: flags.ignoreFiles,
    isReadOnly: flags.readOnly === true,
    keepsRules: true,
  });
  const url = serverUrl(flags.server);
  const line = { tell: (_isConnected: boolean): void => undefined };
  const session = await hostSession(
    {
      url,
      account: accountOf(flags),
      onLoginPage: (page) => desk.tell({ event: 'login.needed', url: page }),
      onLine: (isConnected) => line.tell(isConnected),
    },
    flags.key,
  );
  const host = new HostSession({
    session,
    folder,
    desk,
    guests: {
      admitsAll: flags.yes === true,
      allowed: flags.allow ?? [],
      canAsk: flags.json === true || process.stdin.isTTY,
    },
  });
  line.tell = (isConnected) => host.setConnected(isConnected);
  await host.ready();
  desk.tell({
    event: 'session.opened',
    key: session.key,
    link: `${url}/~${session.key}/`,
    code: `${url}#${session.key}`,
    folder: folder.root,
    isReadOnly: folder.isReadOnly,
  });
  return await untilEnd(host, desk);
}

async function untilEnd(host: HostSession, desk: Desk & { close?(): void }): Promise<number> {
  const signal = untilSignal(() => {
    const { unsaved } = host;
    process.stderr.write(unsaved.length === 0 ? '' : `mooring: NOT WRITTEN: ${unsaved.join(', ')}\n`);
  });
  const reason = await Promise.race([host.ended, signal.then((): EndReason => 'left')]);
  const failed = await host.close(reason);
  desk.tell({
    event: 'session.ended',
    reason,
    message: host.farewell,
    unsaved: failed.map(({ path, reason: why }) => `${path} (${why})`),
  });
  desk.close?.();
  return failed.length > 0 || !isWanted(reason) ? 1 : 0;
}

async function mustBeFolder(path: string): Promise<void> {
  const seen = await stat(path).catch(() => undefined);
  if (seen === undefined) throw new Error(`${path}: no such folder`);
  if (!seen.isDirectory()) throw new Error(`${path} is no folder`);
}
