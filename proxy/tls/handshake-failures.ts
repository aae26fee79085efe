/**
 * Handshakes that came to nothing. Anybody can cause them, as often as they like: each is counted by a reason of a closed list,
 * and one line a minute at most tells of them.
 */
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';

export type FailureReason =
  /** Not done in time. */
  | 'timeout'
  /** No version of TLS that is spoken here. */
  | 'version'
  | 'cipher'
  /** No protocol above TLS that is spoken here. */
  | 'protocol'
  /** HTTP without TLS. */
  | 'plain-http'
  /** The client does not trust our certificate, or not for this name. */
  | 'distrusted'
  /** The client went away. */
  | 'left'
  | 'other';

const reasons: readonly (readonly [RegExp, FailureReason])[] = [
  [/^ERR_TLS_HANDSHAKE_TIMEOUT$/, 'timeout'],
  [/HTTP_REQUEST|HTTPS_PROXY_REQUEST/, 'plain-http'],
  [/APPLICATION_PROTOCOL/, 'protocol'],
  [/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|VERSION_TOO_LOW/, 'version'],
  [/NO_SHARED_CIPHER|NO_SUITABLE|NO_SHARED_GROUP|NO_CIPHERS/, 'cipher'],
  [/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE|UNSUPPORTED_CERTIFICATE)/, 'distrusted'],
  [/^(ECONNRESET|EPIPE|ECONNABORTED|ETIMEDOUT)$|UNEXPECTED_EOF/, 'left'],
];

const lineIntervalMs = 60_000;

export class HandshakeFailures {
  readonly #metrics: Metrics;
  readonly #log: Log;
  #counts: Partial<Record<FailureReason, number>> = {};
  #isDue = false;

  constructor(metrics: Metrics, log: Log) {
    this.#metrics = metrics;
    this.#log = log;
  }

  note(error: Error): void {
    const reason = reasonOf(error);
    this.#metrics.count('ct_proxy_handshake_failures_total', { reason });
    this.#counts[reason] = (this.#counts[reason] ?? 0) + 1;
    if (this.#isDue) return;
    this.#isDue = true;
    setTimeout(() => this.#write(), lineIntervalMs).unref();
  }

  #write(): void {
    this.#isDue = false;
    const counts = this.#counts;
    this.#counts = {};
    this.#log.info('handshakes.failed', { counts });
  }
}

function reasonOf(error: Error): FailureReason {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return reasons.find(([pattern]) => pattern.test(code))?.[1] ?? 'other';
}
