/**
 * Is a silent edge's process gone? The proof is a connection that this machine's own kernel refuses. From elsewhere a
 * refusal proves nothing: a firewall on the way, or in front of an edge that lives and serves, says the same. Nor does a
 * time-out, a reset or a slow answer. Where no proof comes, the lease decides.
 */
import { connect, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { parseOrigin } from '../wire/origin.ts';
import type { Origin } from '../wire/origin.ts';

export type ProbeResult = 'refused' | 'accepted' | 'no-answer';

const answerTimeoutMs = 500;
/** Of a Unix-domain socket: its file is there and nobody listens, or the file went with whoever listened. */
const pathRefusals = ['ECONNREFUSED', 'ENOENT'];

/** One connection attempt to the address of an edge; none where it could prove nothing. */
export async function probeAddress(address: string): Promise<ProbeResult> {
  const origin = parseOrigin(address);
  if (!isOfThisMachine(origin)) return 'no-answer';
  const { host, port, path } = origin;
  const refusals = path === undefined ? ['ECONNREFUSED'] : pathRefusals;
  return await new Promise<ProbeResult>((resolve) => {
    const socket = connect(path === undefined ? { host, port } : { path });
    const settle = (result: ProbeResult): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(answerTimeoutMs, () => settle('no-answer'));
    socket.once('connect', () => settle('accepted'));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      settle(refusals.includes(error.code ?? '') ? 'refused' : 'no-answer'),
    );
  });
}

/** Without a look at the name service, whose answer may be of yesterday. */
function isOfThisMachine({ host, path }: Origin): boolean {
  if (path !== undefined || host === 'localhost' || host === '::1') return true;
  if (isIP(host) === 4 && host.startsWith('127.')) return true;
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return interfaces.some(({ address }) => address === host);
}
