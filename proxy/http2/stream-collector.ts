/** Gathers the whole body of a stream, up to a bound, for what the front door answers by itself. */
import { AppError } from '#shared/errors.ts';
import type { StreamBody, StreamBodySink } from './stream-body.ts';

export class StreamCollector implements StreamBodySink {
  /** Rejects with `body-too-large`, `framing-ambiguous`, or what the collector was told. */
  readonly text: Promise<string>;
  readonly #body: StreamBody;
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  readonly #resolve: (text: string) => void;
  readonly #reject: (error: AppError) => void;

  constructor(body: StreamBody, maxBytes: number) {
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

  onBodyBytes(bytes: Buffer): boolean {
    if (this.#body.payloadBytes > this.#maxBytes) {
      this.#body.abandon();
      this.#reject(new AppError('body-too-large'));
      return false;
    }
    this.#chunks.push(bytes);
    return true;
  }

  onBodyEnd(): void {
    this.#resolve(Buffer.concat(this.#chunks).toString('utf8'));
  }

  onBodyFault(code: Parameters<StreamBodySink['onBodyFault']>[0]): void {
    this.#reject(new AppError(code));
  }
}
