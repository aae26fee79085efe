/**
 * One exchange of a simulation: the wire that `proxy/exchange.ts` conducts, from a client of a simulation over a front
 * door to the edge that it chooses.
 */
import type { ErrorCode } from '#shared/errors.ts';
import { internalHeaders } from '#shared/internal-headers.ts';
import type { RequestHead } from '../../proxy/core/request-gate.ts';
import type { ForwardOutcome, ForwardPlan, Wire } from '../../proxy/wire/wire.ts';
import type { Ground } from './network.ts';
import type { Upstream } from './upstream.ts';
import type { Tunnel, TunnelParties } from './tunnel.ts';
import type { SimProcess } from './virtual-time.ts';
import { readHeadLines } from '../support/head-lines.ts';

export interface ClientRequest {
  /** Name of the client in the network. */
  readonly client: string;
  readonly method: 'GET' | 'POST';
  readonly target: string;
  readonly headers: readonly string[];
  readonly isUpgrade: boolean;
  /** Of an upgrade: names the connection that comes of it. */
  readonly seat: string;
  readonly onDown: TunnelParties['onDown'];
  readonly onAnswer: (status: number, body: string) => void;
  readonly onTunnel: (tunnel: Tunnel) => void;
  readonly onFailed: () => void;
}

const noBytes = { up: 0, down: 0 };
const delayMs = [0.3, 30] as const;

export class SimWire implements Wire {
  readonly kind: Wire['kind'];
  readonly head: RequestHead;
  readonly peer = { address: '192.0.2.7', secure: false };
  readonly hasBody = false;
  readonly #ground: Ground;
  readonly #request: ClientRequest;
  readonly #door: { readonly name: string; readonly process: SimProcess };
  readonly #upstream: Upstream;
  readonly #leaving = new AbortController();
  #isOver = false;

  constructor(ground: Ground, request: ClientRequest, door: SimWire['door'], upstream: Upstream) {
    const { method, target, headers, isUpgrade } = request;
    this.#ground = ground;
    this.#request = request;
    this.#door = door;
    this.#upstream = upstream;
    this.kind = isUpgrade ? 'upgrade' : 'http';
    const upgrade = isUpgrade ? ['connection', 'Upgrade', 'upgrade', 'websocket'] : [];
    const all = ['host', 'sim.test', ...headers, ...upgrade];
    this.head = { method, target, httpVersion: '1.1', headers: all, isUpgrade };
  }

  get door(): { readonly name: string; readonly process: SimProcess } {
    return this.#door;
  }

  get hasLeft(): boolean {
    return this.#leaving.signal.aborted;
  }

  get signal(): AbortSignal {
    return this.#leaving.signal;
  }

  /** The client gave up; called in the front door's process. */
  leave(): void {
    this.#isOver = true;
    this.#leaving.abort();
  }

  /** The front door is gone. */
  fail(): void {
    this.#toClient(() => this.#request.onFailed());
  }

  answer(status: number, _headers: Readonly<Record<string, string>>, body: string): void {
    this.#toClient(() => this.#request.onAnswer(status, body));
  }

  readBody(): Promise<string> {
    return Promise.resolve('');
  }

  async forward(plan: ForwardPlan): Promise<ForwardOutcome> {
    const { method, target, client, seat, isUpgrade, onDown } = this.#request;
    const end = await this.#upstream.request({
      from: this.#door,
      address: plan.address,
      request: { method, url: target, headers: this.#headersOf(plan), body: undefined },
      upgrade: isUpgrade ? { client, seat, onDown } : undefined,
      signal: this.signal,
    });
    switch (end.kind) {
      case 'failed':
        return failed(end.code, end.reached);
      case 'agreed':
        if (this.#isOver) end.tunnel.break(true);
        return {
          kind: 'agreed',
          carrier: 'front-door',
          join: () => this.#toClient(() => this.#request.onTunnel(end.tunnel)),
        };
      case 'answered': {
        const { status, headers, body } = end.answer;
        if (status === 421 && plan.takesRefusals)
          return { kind: 'misdirected', refusal: headers[internalHeaders.refusal] ?? 'none' };
        this.#toClient(() => this.#request.onAnswer(status, body.toString()));
        return { kind: 'answered', status, bytes: noBytes };
      }
    }
  }

  #headersOf({ edit }: ForwardPlan): Record<string, string> {
    const { headers } = this.head;
    const result: Record<string, string> = {};
    for (let i = 0; i < headers.length; i += 2) {
      if (!edit.dropped.includes(i / 2)) result[headers[i]!.toLowerCase()] = headers[i + 1]!;
    }
    const added = readHeadLines(edit.added);
    for (let i = 0; i < added.length; i += 2) result[added[i]!.toLowerCase()] = added[i + 1]!;
    if (edit.upgrade === undefined) return result;
    return { ...result, connection: 'Upgrade', upgrade: edit.upgrade };
  }

  #toClient(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { time, random, network } = this.#ground;
    const openMs = network.openAt(this.#door.name, this.#request.client) - time.nowMs;
    time.after(Math.max(0, openMs) + random.delay(...delayMs), undefined, tell);
  }
}

function failed(code: ErrorCode, reached: 'nothing' | 'upstream'): ForwardOutcome {
  return { kind: 'failed', code, cause: undefined, reached, bytes: noBytes };
}
