/** Requests of front doors to edges: who listens where, and what becomes of a request when one of the two dies. */
import type { ErrorCode } from '#shared/errors.ts';
import type { Duplex } from 'node:stream';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createResponse, createUpgradeSocket, toIncoming } from './http-messages.ts';
import type { SimAnswer, SimRequest } from './http-messages.ts';
import type { Ground } from './network.ts';
import { Tunnel } from './tunnel.ts';
import type { TunnelParties } from './tunnel.ts';
import type { SimProcess } from './virtual-time.ts';
import type { UpgradeExtras } from './sim-gateway.ts';

/** A process that listens at an address. */
export interface Listener {
  readonly name: string;
  readonly process: SimProcess;
  readonly server: {
    handleRequest(request: IncomingMessage, response: ServerResponse): void;
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  };
}

export interface Door {
  readonly name: string;
  readonly process: SimProcess;
}

export interface Call {
  readonly from: Door;
  readonly address: string;
  readonly request: SimRequest;
  readonly upgrade: (Pick<TunnelParties, 'client' | 'onDown'> & { readonly seat: string }) | undefined;
  readonly signal: AbortSignal | undefined;
}

export type CallEnd =
  | { readonly kind: 'answered'; readonly answer: SimAnswer }
  | { readonly kind: 'agreed'; readonly tunnel: Tunnel }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly reached: 'nothing' | 'upstream' };

const delayMs = [0.2, 30] as const;
const connectMaxMs = 3_000;
const answerMaxMs = 30_000;

export class Upstream {
  readonly #ground: Ground;
  readonly #listeners = new Map<string, Listener>();
  readonly #calls = new Set<RunningCall>();
  readonly #tunnels = new Set<Tunnel>();

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  listen(address: string, listener: Listener): void {
    this.#listeners.set(address, listener);
  }

  /** Its addresses refuse connections from now on. */
  closeBy(process: SimProcess): void {
    for (const [address, listener] of this.#listeners) {
      if (listener.process === process) this.#listeners.delete(address);
    }
  }

  listenerAt(address: string): Listener | undefined {
    return this.#listeners.get(address);
  }

  async request(call: Call): Promise<CallEnd> {
    return await new Promise<CallEnd>((resolve) => {
      const parties = {
        resolve: (end: CallEnd): void => {
          this.#calls.delete(running);
          resolve(end);
        },
        keep: (tunnel: Tunnel) => this.#keep(tunnel),
      };
      const running = new RunningCall(this.#ground, call, parties);
      this.#calls.add(running);
      running.start(this.#listeners.get(call.address));
    });
  }

  /** The systems of the others tell them that this process is gone. */
  breakBy(process: SimProcess): void {
    for (const call of this.#calls) call.lose(process);
    for (const tunnel of this.#tunnels) if (tunnel.edge === process) tunnel.break(this.#losesAll());
  }

  breakDoor(door: string): void {
    for (const tunnel of this.#tunnels) if (tunnel.door === door) tunnel.break(this.#losesAll());
  }

  /** A front door cuts its tunnels to edges that are no longer in its pool. */
  retain(door: string, edges: ReadonlySet<SimProcess>): void {
    for (const tunnel of this.#tunnels)
      if (tunnel.door === door && !edges.has(tunnel.edge)) tunnel.break(this.#losesAll());
  }

  tunnelsOf(client: string): Tunnel[] {
    return [...this.#tunnels].filter((tunnel) => tunnel.client === client && !tunnel.isOver);
  }

  /** What was under way may have got as far as the receiver's system. */
  #losesAll(): boolean {
    return this.#ground.random.chance(0.5);
  }

  #keep(tunnel: Tunnel): void {
    for (const old of this.#tunnels) if (old.isOver) this.#tunnels.delete(old);
    this.#tunnels.add(tunnel);
  }
}

interface CallParties {
  readonly resolve: (end: CallEnd) => void;
  /** Of a tunnel that has come about, whoever still wants it. */
  readonly keep: (tunnel: Tunnel) => void;
}

class RunningCall {
  readonly #ground: Ground;
  readonly #call: Call;
  readonly #parties: CallParties;
  #edge: SimProcess | undefined;
  #hasArrived = false;
  #isOver = false;
  #abandon: () => void = () => undefined;

  constructor(ground: Ground, call: Call, parties: CallParties) {
    this.#ground = ground;
    this.#call = call;
    this.#parties = parties;
    call.signal?.addEventListener('abort', () => this.#leave(), { once: true });
  }

  start(listener: Listener | undefined): void {
    const { time, random, network } = this.#ground;
    const { from } = this.#call;
    if (listener === undefined)
      return this.#end(
        { kind: 'failed', code: 'upstream-refused', reached: 'nothing' },
        random.delay(...delayMs),
      );
    this.#edge = listener.process;
    const ways = [network.openAt(from.name, listener.name), network.openAt(listener.name, from.name)];
    const waitMs = Math.max(...ways) - time.nowMs;
    if (waitMs > connectMaxMs)
      return this.#end({ kind: 'failed', code: 'upstream-timeout', reached: 'nothing' }, connectMaxMs);
    time.after(Math.max(0, waitMs) + random.delay(...delayMs), listener.process, () =>
      this.#arrive(listener),
    );
    time.after(answerMaxMs, from.process, () =>
      this.#end({ kind: 'failed', code: 'upstream-timeout', reached: 'upstream' }, 0),
    );
  }

  /** The edge's process is gone. */
  lose(process: SimProcess): void {
    if (process !== this.#edge) return;
    const reached = this.#hasArrived ? 'upstream' : 'nothing';
    const code = this.#hasArrived ? 'upstream-broken' : 'upstream-refused';
    this.#end({ kind: 'failed', code, reached }, this.#ground.random.delay(...delayMs));
  }

  /** In the edge's process. */
  #arrive({ server, process, name }: Listener): void {
    if (this.#isOver) return;
    this.#hasArrived = true;
    const { request, upgrade, from } = this.#call;
    if (upgrade === undefined) {
      const response = createResponse((answer) => this.#answer(name, answer));
      this.#abandon = () => response.abandon();
      server.handleRequest(toIncoming(request), response);
      return;
    }
    const socket = createUpgradeSocket((answer) => this.#answer(name, answer));
    const agree = (): Tunnel => {
      const parties = { ...upgrade, door: from.name, edge: process, edgeName: name };
      const tunnel = new Tunnel(this.#ground, parties);
      this.#parties.keep(tunnel);
      if (this.#isOver) tunnel.break(true);
      this.#end({ kind: 'agreed', tunnel }, this.#wayBackMs(name));
      return tunnel;
    };
    const extras: UpgradeExtras = { seat: upgrade.seat, agree };
    server.handleUpgrade(toIncoming(request, { ...extras, socket }), socket, Buffer.alloc(0));
  }

  #answer(edgeName: string, answer: SimAnswer): void {
    this.#end({ kind: 'answered', answer }, this.#wayBackMs(edgeName));
  }

  #wayBackMs(edgeName: string): number {
    const { time, random, network } = this.#ground;
    return (
      Math.max(0, network.openAt(edgeName, this.#call.from.name) - time.nowMs) + random.delay(...delayMs)
    );
  }

  /** The front door has given it up. */
  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#edge !== undefined) this.#ground.time.after(1, this.#edge, () => this.#abandon());
    this.#parties.resolve({ kind: 'failed', code: 'client-left', reached: 'upstream' });
  }

  #end(end: CallEnd, afterMs: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ground.time.after(afterMs, this.#call.from.process, () => this.#parties.resolve(end));
  }
}
