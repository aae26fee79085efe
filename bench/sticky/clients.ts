/** Clients of many keys: kept connections and WebSockets, header and cookie in turn, through both front doors. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { WebSocket } from 'ws';
import type { Random } from '../random.ts';
import type { Referee } from './referee.ts';

interface ClientsOptions {
  readonly urls: readonly string[];
  readonly keys: readonly string[];
  readonly referee: Referee;
  readonly random: Random;
}

const placersMax = 32;
const askers = 8;
const askPauseMs = 15;
/** Keys that two WebSockets each are connected to, through different front doors. */
const heldKeys = 50;
const comeBackMs = 200;
const answerMaxMs = 10_000;

export class Clients {
  readonly #options: ClientsOptions;
  readonly #agent = new Agent({
    connections: placersMax,
    headersTimeout: answerMaxMs,
    bodyTimeout: answerMaxMs,
  });
  readonly #sockets = new Set<WebSocket>();
  #running: Promise<unknown> = Promise.resolve();
  #isOver = false;

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /** Every key is asked for through both front doors at once. */
  async placeAll(): Promise<void> {
    const { keys } = this.#options;
    let next = 0;
    const work = async (): Promise<void> => {
      for (let n = next++; n < keys.length; n = next++)
        await Promise.all([this.#ask(keys[n]!, n), this.#ask(keys[n]!, n + 2)]);
    };
    await Promise.all(Array.from({ length: placersMax }, work));
  }

  start(): void {
    const { keys } = this.#options;
    const asking = Array.from({ length: askers }, async () => await this.#askOn());
    const holding = keys.slice(0, heldKeys).flatMap((key) => [this.#hold(key, 0), this.#hold(key, 1)]);
    this.#running = Promise.all([...asking, ...holding]);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.terminate();
    await this.#running;
    await this.#agent.close();
  }

  async #askOn(): Promise<void> {
    const { keys, random } = this.#options;
    while (!this.#isOver) {
      const n = Math.floor(random.next() * keys.length * 4);
      await this.#ask(keys[n % keys.length]!, n);
      await sleep(askPauseMs);
    }
  }

  async #ask(key: string, n: number): Promise<void> {
    const { urls, referee } = this.#options;
    const startedAtMs = performance.now();
    const headers = n % 2 === 0 ? { ctstickiness: key } : { cookie: `a=b; ctstickiness=${key}` };
    const url = urls[Math.floor(n / 2) % urls.length]!;
    try {
      const { statusCode, body } = await request(`${url}/ct-health/`, { headers, dispatcher: this.#agent });
      const answer = (await body.json()) as { edge?: string; incarnation?: number };
      if (statusCode !== 200 || answer.edge === undefined) referee.unanswered++;
      else
        referee.noteAnswer(key, `${answer.edge}:${answer.incarnation}`, {
          startedAtMs,
          atMs: performance.now(),
        });
    } catch {
      // Broken off, or a page of the proxy's own in place of an answer: whose fault it was shows nowhere.
      referee.unanswered++;
    }
  }

  /** Comes back for as long as the run takes. */
  async #hold(key: string, n: number): Promise<void> {
    const { urls, referee } = this.#options;
    while (!this.#isOver) {
      const startedAtMs = performance.now();
      const headers = n === 0 ? { ctstickiness: key } : { cookie: `ctstickiness=${key}` };
      const socket = new WebSocket(`${urls[n]!.replace('http', 'ws')}/y/${key}/notes`, { headers });
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('upgrade', (response) => {
        const who = response.headers['x-edge'];
        if (typeof who === 'string') referee.noteAnswer(key, who, { startedAtMs, atMs: performance.now() });
      });
      // Not `once` of Node, which an error would end too early.
      await new Promise((resolve) => socket.once('close', resolve));
      this.#sockets.delete(socket);
      await sleep(comeBackMs);
    }
  }
}
