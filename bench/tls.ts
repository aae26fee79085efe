/** HTTPS through the front door: small GETs on keep-alive connections, and full handshakes, over TLS 1.3. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runFrontDoorContest } from './front-door-contest.ts';
import type { Benchmark } from './front-door-contest.ts';
import { LoadProgram } from './load-program.ts';
import { measureRate, rateMetrics } from './measure-rate.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import type { Certificate } from './rivals/rival.ts';

const getConnections = 64;
/** Handshakes that are under way at a time: enough to keep the proxy busy, whoever computes longer. */
const handshakeConnections = 16;
const opensslMaxMs = 10_000;

export async function runTls(options: RunOptions): Promise<Outcome> {
  const load = new LoadProgram(options.folder, { withTls: true });
  const benchmark: Benchmark = {
    name: 'tls',
    certificate: createCertificate(options.folder),
    metrics: [
      ...rateMetrics('small', 'GET', { rate: { atLeast: 0.8 } }),
      ...rateMetrics('handshake', 'handshake', { cpu: { atMost: 1.6 } }),
    ],
    measure: async (target, isShort) => {
      const seconds = isShort ? 1 : 3;
      const gets = { kind: 'tls-gets', connections: getConnections, seconds, extra: [] } as const;
      const handshakes = { ...gets, kind: 'handshakes', connections: handshakeConnections } as const;
      return {
        ...(await measureRate('small', gets, target)),
        ...(await measureRate('handshake', handshakes, target)),
      };
    },
  };
  return await runFrontDoorContest(benchmark, load, options);
}

/** One for all rivals: the key is on P-256, the cheapest to sign with of what is usual. */
export function createCertificate(folder: string): Certificate {
  const files = ['certificate.pem', 'key.pem', 'both.pem'].map((name) => join(folder, name));
  const [certificate, key, both] = files as [string, string, string];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...name, '-keyout', key, '-out', certificate], {
    stdio: 'pipe',
    timeout: opensslMaxMs,
  });
  writeFileSync(both, readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'));
  return { certificate, key, both };
}
