/**
 * Is a silent edge's process gone? The proof is a connection that this machine's own kernel refuses. From elsewhere a
 * refusal proves nothing: a firewall on the way, or in front of an edge that lives and serves, says the same. Nor does a
 * time-out, a reset or a slow answer. Where no proof comes, the lease decides.
 */
import { connect, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

const answerTimeoutMs = 500;

export type ProbeResult = 'refused' | 'accepted' | 'no-answer';

/** One connection attempt to the host and port of a URL; none where it could prove nothing. */
export async function probeAddress(address: string): Promise<ProbeResult> {
  const url = new URL(address);
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!isOfThisMachine(host)) return 'no-answer';
  return await new Promise<ProbeResult>((resolve) => {
    const socket = connect({ host, port });
    const settle = (result: ProbeResult): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(answerTimeoutMs, () => settle('no-answer'));
    socket.once('connect', () => settle('accepted'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      settle(code === 'ECONNREFUSED' ? 'refused' : 'no-answer'),
    );
  });
}

/** Without a look at the name service, whose answer may be of yesterday. */
function isOfThisMachine(host: string): boolean {
  if (host === 'localhost' || (isIP(host) === 4 && host.startsWith('127.')) || host === '::1') return true;
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return interfaces.some(({ address }) => address === host);
}
