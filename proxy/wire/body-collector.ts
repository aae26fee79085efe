/** Gathers a whole body, up to a bound, for what the front door answers by itself. */
import { AppError } from '#shared/errors.ts';
import { keepBytes } from './byte-socket.ts';
import type { BodySink, RequestBody } from './request-body.ts';

/** What it asks of the body. */
type CollectedBody = Pick<RequestBody, 'payloadBytes' | 'isDone' | 'abandon'>;

export class BodyCollector implements BodySink {
  /** Rejects with `body-too-large`, `framing-ambiguous`, or what the collector was told. */
  readonly text: Promise<string>;
  readonly #body: CollectedBody;
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  readonly #resolve: (text: string) => void;
  readonly #reject: (error: AppError) => void;

  constructor(body: CollectedBody, maxBytes: number) {
    this.#body = body;
    this.#maxBytes = maxBytes;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.text = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  fail(error: AppError): void {
    this.#reject(error);
  }

  onBodySpan(span: Buffer): void {
    if (this.#body.payloadBytes <= this.#maxBytes) this.#chunks.push(keepBytes(span));
  }

  onBodyRead(): void {
    if (this.#body.payloadBytes > this.#maxBytes) {
      this.#body.abandon();
      this.#reject(new AppError('body-too-large'));
    } else if (this.#body.isDone) this.#resolve(Buffer.concat(this.#chunks).toString('utf8'));
  }

  onBodyFault(code: Parameters<BodySink['onBodyFault']>[0]): void {
    this.#reject(new AppError(code));
  }
}
