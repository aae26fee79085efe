/**
 * Asks an edge whether it takes an upgrade with the client's own connection: the head as a plain request on a pooled
 * connection, so that the edge judges it as any other. It agrees with a 204, or declines with the answer for the client.
 */
import type { AppError } from '#shared/errors.ts';
import { internalHeaders } from '#shared/internal-headers.ts';
import type { HeaderList } from '../core/header-list.ts';
import { headerValues } from '../core/header-list.ts';
import type { HeadEdit } from '../core/header-rules.ts';
import { formatFields } from './answer-head.ts';
import { handshakeAnswerMaxBytes } from './bounds.ts';
import { keepBytes } from './byte-socket.ts';
import type { RequestScanner } from './request-head.ts';
import type { ResponseScanner } from './response-head.ts';
import type { UpstreamPool } from './upstream-pool.ts';
import type { ProxiedClient } from '../proxied/proxy-header.ts';
import type { EdgeConnection, UpstreamFailure, UpstreamUser } from './upstream-user.ts';
import { formatUpgradeHead } from './handshake.ts';
import type { Answered, HandshakeEnd } from './handshake.ts';
import type { ForwardOutcome, ForwardPlan } from './wire.ts';

export type QuestionEnd =
  | { readonly kind: 'agreed' }
  | Extract<HandshakeEnd, { kind: 'declined' }>
  | (ForwardOutcome & { kind: 'failed' });

interface QuestionOptions {
  readonly scanner: RequestScanner;
  readonly plan: ForwardPlan;
  readonly pool: UpstreamPool;
  readonly resolve: (end: QuestionEnd) => void;
}

export class HandoffQuestion implements UpstreamUser {
  readonly method: string;
  readonly takesUpgrade = false;
  readonly holdsBytes = true;
  readonly #options: QuestionOptions;
  #upstream: EdgeConnection | undefined;
  #answer: Answered | undefined;
  readonly #chunks: Buffer[] = [];
  #hasRetried = false;
  #isAborted = false;

  constructor(options: QuestionOptions) {
    this.#options = options;
    this.method = options.scanner.method;
  }

  get client(): ProxiedClient {
    return this.#options.plan.client;
  }

  start(): void {
    this.#options.pool.acquire(this);
  }

  abort(reason: AppError): void {
    this.#isAborted = true;
    this.#options.pool.cancel(this);
    this.#upstream?.destroy();
    this.#fail({ code: reason.code, reached: 'upstream', cause: reason, isStale: false });
  }

  onReady(upstream: EdgeConnection): void {
    // The connection was on its way when the client left.
    if (this.#isAborted) return upstream.destroy();
    this.#upstream = upstream;
    const { scanner, plan, pool } = this.#options;
    const added = questionLines(plan.edit);
    upstream.write(formatUpgradeHead({ scanner, plan, origin: pool.origin, added }));
    upstream.markRequestSent();
  }

  onHead(scanner: ResponseScanner, headers: HeaderList): boolean {
    // A copy: the connection may be reading its next head before this answer is used.
    const { status, reason } = scanner;
    const linesWithout = (dropped: readonly number[]): string => formatFields(without(headers, dropped));
    this.#answer = { status, scanner: { reason, linesWithout }, headers };
    return false;
  }

  onSpan(span: Buffer): void {
    this.#chunks.push(keepBytes(span));
  }

  onReadEnd(payloadBytes: number): void {
    if (payloadBytes <= handshakeAnswerMaxBytes) return;
    this.#upstream?.destroy();
    const cause = new Error('the answer to the handshake is too large');
    this.#fail({ code: 'upstream-broken', reached: 'upstream', cause, isStale: false });
  }

  onAnswerEnd(): void {
    this.#upstream = undefined;
    const answer = this.#answer!;
    const hasAgreed =
      answer.status === 204 && headerValues(answer.headers, internalHeaders.handoff).length === 1;
    if (hasAgreed) this.#options.resolve({ kind: 'agreed' });
    else this.#options.resolve({ kind: 'declined', ...answer, body: Buffer.concat(this.#chunks) });
  }

  onDrain(): void {
    // The head is all that is ever written.
  }

  onFailure(failure: UpstreamFailure): void {
    this.#upstream = undefined;
    if (this.#isAborted) return;
    if (!failure.isStale) return this.#fail(failure);
    if (this.#hasRetried) return this.#fail({ ...failure, reached: 'nothing' });
    this.#hasRetried = true;
    this.#options.pool.acquireNew(this);
  }

  #fail({ code, reached, cause }: UpstreamFailure): void {
    this.#options.resolve({ kind: 'failed', code, reached, cause, bytes: { up: 0, down: 0 } });
  }
}

/** Without `connection` it is no upgrade, and the connection to the edge stays one of HTTP. */
function questionLines({ added, upgrade = '' }: HeadEdit): string {
  return `${internalHeaders.handoff}: 1\r\n${added}upgrade: ${upgrade}\r\n`;
}

function without(headers: HeaderList, dropped: readonly number[]): HeaderList {
  return headers.filter((_, at) => !dropped.includes(at >> 1));
}
