/** `mooring join LINK FOLDER`, from its flags to its exit code. */
import { accountOf, openDesk, readLink } from './person-flags.ts';
import type { PersonFlags } from './person-flags.ts';
import { isWanted } from './core/news.ts';
import type { EndReason } from './core/news.ts';
import { Mirror } from './mirror.ts';
import type { MirrorOptions } from './mirror.ts';
import { tellStrayFailures } from './stray-failures.ts';
import { untilSignal } from './until-signal.ts';
import { GuestSession } from './wire/guest-session.ts';
import { joinSession } from './wire/session-client.ts';

export interface JoinFlags extends PersonFlags {
  readonly only?: readonly string[];
  readonly filesMax: string;
}

const standingIntervalMs = 1_000;

/** Resolves with the exit code: 1 where something could not be written here. */
export async function joinFolder(link: string, path: string, flags: JoinFlags): Promise<number> {
  const { url, key } = readLink(link, flags.server);
  const filesMax = Number(flags.filesMax);
  if (!Number.isSafeInteger(filesMax) || filesMax < 1)
    throw new Error(`--files-max ${flags.filesMax}: no number of files`);
  const desk = openDesk(flags.json === true, false);
  tellStrayFailures(desk);
  const line = { tell: (_isConnected: boolean): void => undefined };
  desk.tell({ event: 'join.asked' });
  const connection = await joinSession(
    {
      url,
      account: accountOf(flags),
      onLoginPage: (page) => desk.tell({ event: 'login.needed', url: page }),
      onLine: (isConnected) => line.tell(isConnected),
    },
    key,
  );
  const session = new GuestSession(connection, desk);
  line.tell = (isConnected) => session.setConnected(isConnected);
  try {
    return await mirrorUntilEnd(session, { path, key, desk, only: flags.only ?? [], filesMax });
  } catch (error) {
    // The host is not to wait for it as for somebody whose network has failed.
    await session.leave();
    throw error;
  } finally {
    desk.close?.();
  }
}

async function mirrorUntilEnd(
  session: GuestSession,
  { key, desk, ...options }: Omit<MirrorOptions, 'remote'> & { key: string },
): Promise<number> {
  await session.ready();
  // Until now there was nothing to bring to an end: a signal ended the process.
  const stopped = untilSignal(() => undefined);
  const mirror = await Mirror.open({ ...options, desk, remote: session });
  const standing = setInterval(
    () => session.show({ openFiles: mirror.openFiles, unsaved: mirror.unsaved.length }),
    standingIntervalMs,
  );
  const over = Promise.race([session.ended, stopped.then((): EndReason => 'left')]);
  const fetching = mirror.fetch();
  await Promise.race([fetching, over]);
  desk.tell({ event: 'session.joined', key, host: session.hostName, folder: mirror.root });
  const reason = await over;
  clearInterval(standing);
  const failed = await mirror.close(reason === 'left');
  await session.leave();
  const unsaved = failed.map(({ path }) => path);
  desk.tell({ event: 'session.ended', reason, message: session.farewell, unsaved });
  return failed.length > 0 || !isWanted(reason) ? 1 : 0;
}
