/**
 * The handshake of one upgrade with an edge, on a connection of its own: ends with the socket of the 101, or
 * with the whole answer of an edge that declined, which is small.
 */
import type { AppError } from '#shared/errors.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { Framing } from '../core/body-framing.ts';
import type { HeaderList } from '../core/header-list.ts';
import { headerValues } from '../core/header-list.ts';
import { upgradeLines } from './answer-head.ts';
import { handshakeAnswerMaxBytes } from './bounds.ts';
import { keepBytes } from './byte-socket.ts';
import type { HandedSocket } from './handed-socket.ts';
import type { Origin } from './origin.ts';
import type { HeadLines } from './head-lines.ts';
import type { ResponseScanner } from './response-head.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { Transport } from './transport.ts';
import { UpstreamConnection } from './upstream-connection.ts';
import type { ProxiedClient } from '../proxied/proxy-header.ts';
import type { ConnectionOwner, EdgeConnection, UpstreamFailure, UpstreamUser } from './upstream-user.ts';
import type { ForwardOutcome, ForwardPlan } from './wire.ts';

/** The head of an edge's answer. */
export interface Answered {
  readonly status: number;
  readonly scanner: Pick<ResponseScanner, 'reason' | 'linesWithout'>;
  readonly headers: HeaderList;
}

export type HandshakeEnd =
  | (Answered & { readonly kind: 'agreed'; readonly handed: HandedSocket })
  | (Answered & { readonly kind: 'declined'; readonly body: Buffer })
  | (ForwardOutcome & { kind: 'failed' });

interface HandshakeOptions {
  readonly scanner: HeadLines;
  readonly plan: ForwardPlan;
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  readonly transport: Transport;
  readonly origin: Origin;
  readonly resolve: (end: HandshakeEnd) => void;
}

export class Handshake implements UpstreamUser, ConnectionOwner {
  readonly method: string;
  readonly takesUpgrade = true;
  readonly holdsBytes = true;
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  readonly transport: Transport;
  readonly #options: HandshakeOptions;
  #upstream: UpstreamConnection | undefined;
  #answer: Answered | undefined;
  readonly #chunks: Buffer[] = [];

  constructor(options: HandshakeOptions) {
    this.#options = options;
    this.method = options.scanner.method;
    this.settings = options.settings;
    this.wheel = options.wheel;
    this.transport = options.transport;
  }

  get client(): ProxiedClient {
    return this.#options.plan.client;
  }

  start(): void {
    this.#upstream = new UpstreamConnection(this.#options.origin, this, this);
  }

  abort(reason: AppError): void {
    this.#upstream?.destroy();
    this.onFailure({ code: reason.code, reached: 'upstream', cause: reason, isStale: false });
  }

  onReady(upstream: EdgeConnection): void {
    const { scanner, plan, origin } = this.#options;
    const added = plan.edit.added + upgradeLines(plan.edit.upgrade ?? '');
    upstream.write(formatUpgradeHead({ scanner, plan, origin, added }));
    upstream.markRequestSent();
  }

  onHead(scanner: ResponseScanner, headers: HeaderList, _framing: Framing): boolean {
    this.#answer = { status: scanner.status, scanner, headers };
    if (scanner.status === 101)
      this.#options.resolve({ kind: 'agreed', ...this.#answer, handed: this.#upstream!.handOver() });
    return false;
  }

  onSpan(span: Buffer): void {
    this.#chunks.push(keepBytes(span));
  }

  onReadEnd(payloadBytes: number): void {
    if (payloadBytes <= handshakeAnswerMaxBytes) return;
    this.#upstream?.destroy();
    const cause = new Error('the answer to the handshake is too large');
    this.onFailure({ code: 'upstream-broken', reached: 'upstream', cause, isStale: false });
  }

  onAnswerEnd(): void {
    this.#options.resolve({ kind: 'declined', ...this.#answer!, body: Buffer.concat(this.#chunks) });
  }

  onDrain(): void {
    // The head is all that is ever written.
  }

  onFailure({ code, reached, cause }: UpstreamFailure): void {
    this.#options.resolve({ kind: 'failed', code, reached, cause, bytes: { up: 0, down: 0 } });
  }

  onFree(connection: EdgeConnection): void {
    connection.destroy();
  }

  onClosed(): void {
    this.#upstream = undefined;
  }
}

interface UpgradeHead {
  readonly scanner: HeadLines;
  readonly plan: ForwardPlan;
  readonly origin: Origin;
  /** Lines that are not the client's. */
  readonly added: string;
}

/** The head of an upgrade for its edge. */
export function formatUpgradeHead({ scanner, plan, origin, added }: UpgradeHead): string {
  const hasHost = headerValues(scanner.headers(), 'host').length > 0;
  const host = hasHost ? '' : `host: ${origin.authority}\r\n`;
  const lines = scanner.linesWithout(plan.edit.dropped);
  return `${scanner.method} ${plan.target} HTTP/1.1\r\n${lines}${added}${host}\r\n`;
}
