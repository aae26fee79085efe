/** Clients who mean well: requests at a steady rate, whatever becomes of those before, and how long their answers took. */
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect, constants } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Felt {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly asked: number;
}

const requestsPerSecond = 200;
const keys = 50;
const warmUpRequests = 20_000;
const warmUpLanes = 32;
const answerMaxMs = 10_000;
const http2WarmUp = { connections: 100, streams: 80, leavesEach: 16 } as const;

export async function feel(port: number, seconds: number): Promise<Felt> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const waiting: Promise<number | undefined>[] = [];
  const startedAtMs = performance.now();
  for (let i = 0; i < seconds * requestsPerSecond; i++) {
    const dueMs = startedAtMs + (i * 1_000) / requestsPerSecond;
    if (dueMs > performance.now()) await sleep(dueMs - performance.now());
    waiting.push(ask(port, agent, `good-${i % keys}`));
  }
  const times = await Promise.all(waiting);
  agent.destroy();
  const answered = times.filter((time) => time !== undefined).sort((a, b) => a - b);
  const at = (share: number): number => answered[Math.floor(answered.length * share)] ?? Infinity;
  const failed = times.length - answered.length;
  return { p50Ms: at(0.5), p99Ms: at(0.99), failed, asked: times.length };
}

/** Many requests as fast as they go: what a process takes for its work it has taken then. */
export async function warmUp(port: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: warmUpLanes });
  let asked = 0;
  const lane = async (): Promise<void> => {
    while (asked++ < warmUpRequests) await ask(port, agent, `good-${asked % keys}`);
  };
  await Promise.all(Array.from({ length: warmUpLanes }, lane));
  agent.destroy();
}

/** The same over HTTP/2: connections that come and go, and of whose requests some are left, as people leave pages. */
export async function warmUpHttp2(port: number): Promise<void> {
  for (let connections = 0; connections < http2WarmUp.connections; connections++) {
    const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    session.setTimeout(answerMaxMs, () => session.destroy(new Error('no answer over HTTP/2')));
    await once(session, 'connect');
    const ends = Array.from({ length: http2WarmUp.streams }, async (_, i) => {
      const stream = session.request({ ':path': '/ct-health/', ctstickiness: `good-${i % keys}` });
      stream.resume();
      if (i % http2WarmUp.leavesEach === 0) setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
      await once(stream, 'close');
    });
    await Promise.all(ends);
    session.close();
    await once(session, 'close');
  }
}

/** How long the answer took; undefined where there was no good one. */
async function ask(port: number, agent: Agent, key: string): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const startedAtMs = performance.now();
  get({ host: '127.0.0.1', port, agent, path: '/ct-health/', headers: { ctstickiness: key } }, (answer) => {
    answer.resume();
    answer.once('end', () =>
      resolve(answer.statusCode === 200 ? performance.now() - startedAtMs : undefined),
    );
    answer.once('error', () => resolve(undefined));
  }).once('error', () => resolve(undefined));
  return await promise;
}
