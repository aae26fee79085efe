/**
 * A rival must be right before it is measured: bodies byte for byte, echoes too, one backend for one key
 * whether it comes by header or by cookie, and keys spread over all backends. Throws at the first fault.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request, upgrade } from 'undici';
import { sampleWebSocketKey } from './load-program.ts';
import type { Backend } from './load-program.ts';
import type { Certificate, RunningRival } from './rivals/rival.ts';

type Headers = Readonly<Record<string, string>>;

/** The paths that the backends know: a small body and one of 64 KiB. */
const paths = ['/', '/large'] as const;
/** With so many keys an even spread misses one of four backends once in 10^7 runs. */
const checkedKeys = 64;
const readyMaxMs = 10_000;
const readyPollMs = 20;
const answerMaxMs = 2_000;

/** Waits until the rival serves, then checks it; where there is no proxy, nothing can be sticky. */
export async function checkRival(
  { port, tlsPort, child }: RunningRival,
  backends: readonly Backend[],
  certificate?: Certificate,
): Promise<void> {
  await checkBytes(`http://127.0.0.1:${port}`, backends);
  if (child !== undefined) await checkStickiness(`http://127.0.0.1:${port}`, backends);
  if (certificate === undefined) return;
  const ca = readFileSync(certificate.certificate, 'utf8');
  await checkBytes(`https://127.0.0.1:${tlsPort}`, backends, ca);
}

/** Compares what comes through the rival with what a backend itself answers. */
async function checkBytes(origin: string, backends: readonly Backend[], ca?: string): Promise<void> {
  await withAgent(ca, async (agent) => {
    const front = new Origin(origin, agent);
    const direct = new Origin(`http://127.0.0.1:${backends[0]!.port}`, agent);
    await front.waitUntilReady();
    const headers = byHeader('check-bytes');
    for (const path of paths) {
      const [through, truth] = [await front.get(path, headers), await direct.get(path, headers)];
      if (!through.body.equals(truth.body))
        throw new Error(`GET ${path}: the body differs from the backend's`);
    }
    await front.echo(headers);
  });
}

async function checkStickiness(origin: string, backends: readonly Backend[]): Promise<void> {
  await withAgent(undefined, async (agent) => {
    const front = new Origin(origin, agent);
    const seen = new Set<string>();
    for (let i = 0; i < checkedKeys; i++) {
      const key = `check-${i}`;
      const homes = new Set<string>();
      for (const headers of [byHeader(key), byCookie(key)]) {
        for (const path of paths) homes.add((await front.get(path, headers)).backend);
        homes.add(await front.echo(headers));
      }
      if (homes.size > 1) throw new Error(`key ${key} went to backends ${[...homes].join(' and ')}`);
      for (const home of homes) seen.add(home);
    }
    const missed = backends.filter(({ name }) => !seen.has(name)).map(({ name }) => name);
    if (missed.length > 0) throw new Error(`${checkedKeys} keys missed the backends ${missed.join(', ')}`);
  });
}

/** With a certificate authority it trusts that one only. */
async function withAgent(ca: string | undefined, check: (agent: Agent) => Promise<void>): Promise<void> {
  // Here all are checked over HTTP/1.1; over HTTP/2 by its own benchmark.
  const limits = { headersTimeout: answerMaxMs, bodyTimeout: answerMaxMs, allowH2: false };
  const agent = new Agent(ca === undefined ? limits : { ...limits, connect: { ca } });
  try {
    await check(agent);
  } finally {
    await agent.destroy();
  }
}

class Origin {
  readonly #origin: string;
  readonly #agent: Agent;

  constructor(origin: string, agent: Agent) {
    this.#origin = origin;
    this.#agent = agent;
  }

  async waitUntilReady(): Promise<void> {
    const deadline = performance.now() + readyMaxMs;
    for (;;) {
      try {
        await this.get('/', byHeader('check-ready'));
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await sleep(readyPollMs);
      }
    }
  }

  async get(path: string, headers: Headers): Promise<{ body: Buffer; backend: string }> {
    const answer = await request(this.#origin + path, { dispatcher: this.#agent, headers });
    const body = Buffer.from(await answer.body.arrayBuffer());
    if (answer.statusCode !== 200) throw new Error(`GET ${path}: status ${answer.statusCode}`);
    return { body, backend: String(answer.headers['x-backend']) };
  }

  /** Opens a WebSocket and sends one message through it; returns the backend that echoed. */
  async echo(headers: Headers): Promise<string> {
    const signal = AbortSignal.timeout(answerMaxMs);
    const opened = await upgrade(`${this.#origin}/echo`, {
      dispatcher: this.#agent,
      protocol: 'websocket',
      headers: { ...headers, 'sec-websocket-version': '13', 'sec-websocket-key': sampleWebSocketKey },
      signal,
    });
    const payload = randomBytes(1_000);
    // A binary message whose mask is zero: sent payload and echoed payload are the same bytes.
    opened.socket.write(Buffer.concat([Buffer.from([0x82, 0xfe, 0x03, 0xe8, 0, 0, 0, 0]), payload]));
    const expected = Buffer.concat([Buffer.from([0x82, 0x7e, 0x03, 0xe8]), payload]);
    const closeLate = (): void => void opened.socket.destroy(new Error('no echo'));
    signal.addEventListener('abort', closeLate);
    let echoed = Buffer.alloc(0);
    for await (const chunk of opened.socket) {
      echoed = Buffer.concat([echoed, chunk as Buffer]);
      if (echoed.length >= expected.length) break;
    }
    signal.removeEventListener('abort', closeLate);
    if (!echoed.equals(expected)) throw new Error('the echo of a WebSocket message differs from it');
    return String(opened.headers['x-backend']);
  }
}

function byHeader(key: string): Headers {
  return { ctstickiness: key };
}

function byCookie(key: string): Headers {
  return { cookie: `theme=dark; ctstickiness=${key}` };
}
