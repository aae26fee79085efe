/**
 * Is a silent edge's process gone? The proof is a refused connection to its own address: a time-out, a
 * reset or a slow answer proves nothing. Where no proof comes, the lease decides.
 */
import { connect } from 'node:net';

export type ProbeResult = 'refused' | 'accepted' | 'no-answer';

const answerTimeoutMs = 500;

/** One connection attempt to the host and port of a URL. */
export async function probeAddress(address: string): Promise<ProbeResult> {
  const url = new URL(address);
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return await new Promise<ProbeResult>((resolve) => {
    const socket = connect({ host, port });
    const settle = (result: ProbeResult): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(answerTimeoutMs, () => settle('no-answer'));
    socket.once('connect', () => settle('accepted'));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      settle(error.code === 'ECONNREFUSED' ? 'refused' : 'no-answer'),
    );
  });
}
