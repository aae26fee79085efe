/**
 * Listens on a Unix-domain socket that nobody but the process's own user may connect to. A file that a killed process
 * left is taken away; one that somebody listens on, or that is no socket, is not.
 */
import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import type { Server } from 'node:net';

/** Write permission is what a connection needs: the owner's alone. */
const othersMask = 0o177;

/** Rejects with the system's error, code `EADDRINUSE` where the path is taken. */
export async function listenOnPath(server: Server, path: string): Promise<void> {
  if (await isLeftOver(path)) unlinkSync(path);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  // Bound within the call: at no moment has the file another mode.
  const mask = process.umask(othersMask);
  try {
    server.listen(path, resolve);
  } finally {
    process.umask(mask);
  }
  await promise;
  server.off('error', reject);
}

/** The file is a socket, and who listened on it is gone. */
async function isLeftOver(path: string): Promise<boolean> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return false;
  return await new Promise<boolean>((resolve) => {
    const socket = connect({ path });
    const settle = (isGone: boolean): void => {
      socket.destroy();
      resolve(isGone);
    };
    socket.once('connect', () => settle(false));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => settle(code === 'ECONNREFUSED'));
  });
}
