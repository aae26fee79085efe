/** `mooring health`: for the health check of a container; exit 0 where the process of this settings lives, or is ready. */
import { localHost } from '#shared/local-host.ts';
import type { Settings } from '#shared/settings/schema.ts';

export const healthHelp = `
Asks the admin port of CT_ADMIN_PORT on this machine. Alive is a process that answers; ready is a front door that has an edge,
or an edge that has its lease. Restart what is not alive, and send no clients to what is not ready: an edge without a lease
joins again by itself, and a restart would end its sessions.

Examples:
  HEALTHCHECK CMD ["node", "bin/mooring.js", "health"]
  mooring health --ready`;

const answerMaxMs = 2_500;

export async function checkHealth(settings: Settings, isReady: boolean): Promise<void> {
  const { CT_ADMIN_HOST: host, CT_ADMIN_PORT: port } = settings;
  const path = isReady ? '/readyz' : '/livez';
  const url = `http://${localHost(host)}:${port}${path}`;
  let answer: Response;
  try {
    answer = await fetch(url, { signal: AbortSignal.timeout(answerMaxMs) });
  } catch (cause) {
    throw new Error(`${url} does not answer`, { cause });
  }
  const text = (await answer.text()).trim();
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}: ${text}`);
  process.stdout.write(`${isReady ? 'it is ready' : 'it answers'}\n`);
}
