/** The last phase of every exchange: one log line, the metrics, the count of open exchanges. */
import { randomUUID } from 'node:crypto';
import type { AppError } from '#shared/errors.ts';
import { hashKeyForLog } from '#shared/fleet-secrets.ts';
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { RouteName } from './core/route.ts';
import type { Pin } from './directory/directory.ts';
import type { PlacementReason } from './placement.ts';
import type { ByteCounts, ForwardOutcome, Wire } from './wire/wire.ts';

/** What became of one exchange; filled in on its way. */
export interface Settlement {
  readonly id: string;
  readonly kind: Wire['kind'];
  readonly method: string;
  readonly startedAtMs: number;
  client: string;
  route: RouteName;
  key: AffinityKey | undefined;
  pin: Pin | undefined;
  reason: PlacementReason | undefined;
  /** 0 until an answer has been decided. */
  status: number;
  bytes: ByteCounts;
  firstByteAtMs: number | undefined;
  retried: ForwardOutcome['kind'] | undefined;
  error: AppError | undefined;
}

export class Settler {
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #secrets: FleetSecrets;
  #open = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: { log: Log; metrics: Metrics; secrets: FleetSecrets }) {
    this.#log = options.log;
    this.#metrics = options.metrics;
    this.#secrets = options.secrets;
  }

  begin(wire: Wire): Settlement {
    this.#open++;
    this.#metrics.add('ct_proxy_exchanges_open', 1, { kind: wire.kind });
    return {
      id: randomUUID(),
      kind: wire.kind,
      method: wire.head.method,
      startedAtMs: performance.now(),
      client: wire.peer.address,
      route: 'unknown',
      key: undefined,
      pin: undefined,
      reason: undefined,
      status: 0,
      bytes: { up: 0, down: 0 },
      firstByteAtMs: undefined,
      retried: undefined,
      error: undefined,
    };
  }

  markFirstByte(settlement: Settlement): void {
    settlement.firstByteAtMs = performance.now();
    const seconds = (settlement.firstByteAtMs - settlement.startedAtMs) / 1_000;
    this.#metrics.observe('ct_proxy_exchange_seconds', seconds, { kind: settlement.kind });
  }

  settle(settlement: Settlement): void {
    this.#measure(settlement);
    this.#write(settlement);
    this.#open--;
    if (this.#open === 0) this.#onIdle?.();
  }

  /** Resolves when no exchange is open, or when the signal aborts. */
  async idle(signal: AbortSignal): Promise<void> {
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #measure({ kind, status, pin, bytes, retried, error }: Settlement): void {
    this.#metrics.add('ct_proxy_exchanges_open', -1, { kind });
    this.#metrics.count('ct_proxy_exchanges_total', {
      kind,
      class: `${Math.floor(status / 100)}xx`,
      edge: pin?.owner.id ?? 'none',
    });
    this.#metrics.count('ct_proxy_bytes_total', { direction: 'up' }, bytes.up);
    this.#metrics.count('ct_proxy_bytes_total', { direction: 'down' }, bytes.down);
    if (retried !== undefined) this.#metrics.count('ct_proxy_retries_total', { cause: retried });
    if (error !== undefined) this.#metrics.count('ct_proxy_rejected_total', { code: error.code });
  }

  #write(settlement: Settlement): void {
    const { error, pin, key } = settlement;
    const now = performance.now();
    const facts = {
      exchange: settlement.id,
      kind: settlement.kind,
      method: settlement.method,
      route: settlement.route,
      client: settlement.client,
      status: settlement.status,
      code: error?.code,
      source: error?.entry.source,
      key: key === undefined ? undefined : hashKeyForLog(this.#secrets, key),
      edge: pin?.owner.id,
      epoch: pin?.epoch,
      placement: settlement.reason,
      retried: settlement.retried,
      bytesUp: settlement.bytes.up,
      bytesDown: settlement.bytes.down,
      firstByteMs:
        settlement.firstByteAtMs === undefined
          ? undefined
          : round(settlement.firstByteAtMs - settlement.startedAtMs),
      totalMs: round(now - settlement.startedAtMs),
    };
    if (error !== undefined && (error.entry.level === 'warn' || error.entry.level === 'error')) {
      this.#log.write(error.entry.level, 'exchange.failed', {
        exchange: settlement.id,
        code: error.code,
        error,
        facts: error.facts,
      });
    }
    this.#log.info('exchange.settled', facts);
  }
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
