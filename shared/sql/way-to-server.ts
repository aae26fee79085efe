/** The TCP connection under a look at a database server: gives up where there is no way to it, and not where it is slow to answer. */
import { Socket } from 'node:net';
import { connectMaxMs } from './sql-tls.ts';

/** Not connecting yet. Ends with an error when the signal aborts, or when it is not connected in time. */
export function wayToServer(signal: AbortSignal): Socket {
  const socket = new Socket();
  const giveUp = (): void => void socket.destroy(new Error('no answer in time'));
  signal.addEventListener('abort', giveUp, { once: true });
  const timer = setTimeout(giveUp, connectMaxMs);
  socket.once('connect', () => clearTimeout(timer));
  socket.once('close', () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  });
  return socket;
}
