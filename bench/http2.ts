/** HTTP/2 through the front door, over TLS 1.3: small and 64 KiB GETs on streams of a few connections, by h2load. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { Child } from './child.ts';
import { runFrontDoorContest } from './front-door-contest.ts';
import type { Benchmark, Target } from './front-door-contest.ts';
import { LoadProgram } from './load-program.ts';
import type { Backend } from './load-program.ts';
import { rateMetrics, warmupSeconds } from './measure-rate.ts';
import type { Figures } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { readCpuMicroseconds } from './process-cost.ts';
import { installMissingPrograms } from './rivals/install.ts';
import type { Certificate } from './rivals/rival.ts';
import { createCertificate } from './tls.ts';

const h2load = { path: '/usr/bin/h2load', debianPackage: 'nghttp2-client' };
const connections = 16;
const streamsPerConnection = 8;
const answerMaxMs = 5_000;
/** What a run may take beyond its own duration. */
const runExtraMs = 20_000;

export async function runHttp2(options: RunOptions): Promise<Outcome> {
  installMissingPrograms([{ program: h2load }]);
  const load = new LoadProgram(options.folder, { withTls: false });
  const certificate = createCertificate(options.folder);
  const benchmark: Benchmark = {
    name: 'http2',
    certificate,
    metrics: [...rateMetrics('small', 'GET', {}), ...rateMetrics('large', 'GET of 64 KiB', {})],
    checkHttp2: async (port, backends) => await checkHttp2(port, backends, certificate),
    measure: async (target, isShort) => {
      const seconds = isShort ? 2 : 4;
      return {
        ...(await measure('small', '/', seconds, target)),
        ...(await measure('large', '/large', seconds, target)),
      };
    },
  };
  return await runFrontDoorContest(benchmark, load, options);
}

async function measure(name: string, path: string, seconds: number, target: Target): Promise<Figures> {
  await runLoad(path, warmupSeconds, target);
  const cpuBefore = readCpuMicroseconds(target.pid!);
  const { done, perSecond } = await runLoad(path, seconds, target);
  const cpu = readCpuMicroseconds(target.pid!) - cpuBefore;
  return { [`${name}-per-second`]: perSecond, [`${name}-cpu-us`]: cpu / done };
}

/** Requests that were answered, all of them with a 2xx. */
async function runLoad(
  path: string,
  seconds: number,
  { port, folder }: Target,
): Promise<{ done: number; perSecond: number }> {
  const shape = [
    '-D',
    String(seconds),
    '-c',
    String(connections),
    '-m',
    String(streamsPerConnection),
    '-t',
    '1',
  ];
  const child = new Child({
    name: 'h2load',
    command: h2load.path,
    args: [...shape, '-H', 'ctstickiness: bench-key', `https://127.0.0.1:${port}${path}`],
    core: 'load',
    folder,
  });
  const output = await child.waitForResult(seconds * 1_000 + runExtraMs);
  const run = output.slice(output.lastIndexOf('finished in '));
  const rate = /^finished in [\d.]+m?s, ([\d.]+) req\/s/.exec(run)?.[1];
  const counts = /requests: (\d+) total.* (\d+) succeeded, (\d+) failed, (\d+) errored/.exec(run);
  const good = /status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx/.exec(run)?.[1];
  if (
    rate === undefined ||
    counts === null ||
    Number(counts[3]) + Number(counts[4]) > 0 ||
    good === undefined
  )
    throw new Error(`h2load: ${run.slice(0, 500)}`);
  return { done: Number(counts[2]), perSecond: Number(rate) };
}

/** What comes over HTTP/2 is what a backend itself answers, byte for byte, many streams at a time. */
async function checkHttp2(
  port: number,
  backends: readonly Backend[],
  { certificate }: Certificate,
): Promise<void> {
  const pem = readFileSync(certificate, 'utf8');
  const session = connect(`https://127.0.0.1:${port}`, { ca: pem, checkServerIdentity: () => undefined });
  try {
    for (const path of ['/', '/large']) {
      const direct = await fetch(`http://127.0.0.1:${backends[0]!.port}${path}`, {
        headers: { ctstickiness: 'check' },
      });
      const truth = Buffer.from(await direct.arrayBuffer());
      const bodies = await Promise.all(Array.from({ length: 50 }, async () => await getBody(session, path)));
      if (!bodies.every((body) => body.equals(truth)))
        throw new Error(`GET ${path} over HTTP/2: the body differs`);
    }
    if (session.alpnProtocol !== 'h2') throw new Error(`agreed on ${session.alpnProtocol}, not on h2`);
  } finally {
    session.destroy();
  }
}

async function getBody(session: ClientHttp2Session, path: string): Promise<Buffer> {
  const stream = session.request({ ':path': path, ctstickiness: 'check' });
  const late = setTimeout(() => stream.destroy(new Error('no answer')), answerMaxMs);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  clearTimeout(late);
  return Buffer.concat(chunks);
}
