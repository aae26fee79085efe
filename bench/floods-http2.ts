/** What do good clients notice of floods over HTTP/2, and what is left of them? Rapid reset, CONTINUATION, SETTINGS, PING. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../test/support/free-port.ts';
import { floodPriority, runFloodTrial } from './flood-trial.ts';
import type { Scenario } from './flood-trial.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { createCertificate } from './tls.ts';
import { warmUpHttp2 } from './good-clients.ts';

const sizes = {
  full: { crowd: 100, seconds: 20, calmSeconds: 10, settleSeconds: 60 },
  short: { crowd: 30, seconds: 6, calmSeconds: 4, settleSeconds: 20 },
} as const;
const startMaxMs = 10_000;
const kinds = ['rapid-reset', 'continuation', 'settings', 'ping'];
const program = join(import.meta.dirname, 'http2-flood-program.ts');

export async function runHttp2Floods({ isShort, folder }: RunOptions): Promise<Outcome> {
  const size = isShort ? sizes.short : sizes.full;
  const { certificate, key } = createCertificate(folder);
  const port = await freePort();
  const settings = {
    CT_HTTPS_PORT: String(port),
    CT_TLS_CERT: certificate,
    CT_TLS_KEY: key,
    CT_LIMIT_EXEMPT: '127.0.0.1',
  };
  const scenarios = kinds.map(
    (kind) => ({ name: kind, begin: (_, crowd) => begin(kind, port, crowd) }) satisfies Scenario,
  );
  const warmUp = async (): Promise<void> => await warmUpHttp2(port);
  return await runFloodTrial({ benchmark: 'floods-http2', folder, settings, scenarios, size, warmUp });
}

async function begin(kind: string, port: number, crowd: number): Promise<() => void> {
  const child = fork(program, [kind, String(port), String(crowd)], { stdio: 'inherit' });
  setPriority(child.pid!, floodPriority);
  // To start a process takes the time of good clients, who are in this one.
  await once(child, 'message', { signal: AbortSignal.timeout(startMaxMs) });
  child.send('begin');
  return () => void child.kill('SIGKILL');
}
