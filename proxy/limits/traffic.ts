/**
 * What is under way to each edge and for each key: counted, limited, and told to the edge's breaker when it ends. An exchange passes
 * here before it is forwarded, each attempt of it anew; an upgraded connection stays here as long as it lasts.
 */
import { AppError, errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { EdgeWatch, ExchangeEnd } from '../core/edge-watch.ts';
import { RetryBudget } from '../core/retry-budget.ts';
import type { Pin } from '../directory/directory.ts';
import type { EdgePool } from '../membership/pool.ts';
import type { StaticActivity } from '../static-activity.ts';
import type { ForwardOutcome, Wire } from '../wire/wire.ts';
import type { ArrivalRules } from './arrival-rules.ts';
import type { Counted } from './address-table.ts';
import type { LimitNotes } from './limit-notes.ts';
import { OpenCounts } from './open-counts.ts';

interface TrafficOptions {
  readonly settings: Settings;
  readonly rules: ArrivalRules;
  readonly notes: LimitNotes;
  readonly pool: EdgePool;
  readonly activity: StaticActivity | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
}

/** Of the WebSockets of an edge, what new keys may use. */
const newKeysShare = 0.9;

interface Passing {
  readonly pin: Pin;
  /** An exchange that was tried before. */
  readonly isRetry: boolean;
  readonly kind: Wire['kind'];
  readonly client: string;
}

export class Traffic {
  readonly #options: TrafficOptions;
  readonly #budget = new RetryBudget();
  readonly #byEdge = { http: new OpenCounts(), upgrade: new OpenCounts() };
  readonly #byKey = { http: new OpenCounts(), upgrade: new OpenCounts() };

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  /** Throws where the key, its edge or the client has as much under way as it may. */
  begin(passing: Passing): Passage {
    const { pool, activity, nowMs } = this.#options;
    const { pin, kind } = passing;
    const counted = this.#count(passing);
    if (typeof counted === 'string') throw this.refuse(counted, passing.client);
    activity?.opened(pin);
    const startedAtMs = nowMs();
    if (!passing.isRetry) this.#budget.noteExchange(startedAtMs);
    const watch = pool.watchOf(pin.owner);
    const admission = watch?.ask(startedAtMs) ?? 'usual';
    return new Passage({ traffic: this, pin, kind, counted, watch, admission, startedAtMs });
  }

  /** All of it or nothing: returns what is full. */
  #count({ pin, kind, client }: Passing): Counted | ErrorCode | undefined {
    const { settings, rules } = this.#options;
    const isHttp = kind === 'http';
    const keyMax = isHttp ? settings.CT_LIMIT_REQUESTS_PER_KEY : settings.CT_LIMIT_SOCKETS_PER_KEY;
    if (!this.#byKey[kind].open(pin.key, keyMax || Infinity)) return isHttp ? 'key-busy' : 'key-sockets-full';
    const edgeMax = isHttp ? settings.CT_LIMIT_REQUESTS_PER_EDGE : settings.CT_LIMIT_SOCKETS_PER_EDGE;
    if (!this.#byEdge[kind].open(pin.owner.id, edgeMax || Infinity)) {
      this.#byKey[kind].close(pin.key);
      return isHttp ? 'edge-requests-full' : 'edge-sockets-full';
    }
    const counted = isHttp ? undefined : rules.openSocket(client);
    if (typeof counted === 'string') this.#uncount(pin, kind);
    return counted;
  }

  #uncount(pin: Pin, kind: Wire['kind']): void {
    this.#byKey[kind].close(pin.key);
    this.#byEdge[kind].close(pin.owner.id);
  }

  /** Whether an exchange may be sent to the same edge again; counted where it may. */
  mayRepeat(pin: Pin): boolean {
    const { settings, pool, metrics, nowMs } = this.#options;
    const { CT_RETRY_PERCENT: percent, CT_RETRY_MIN: min } = settings;
    const now = nowMs();
    if (pool.watchOf(pin.owner)?.refuses(now) === true) return false;
    if (this.#budget.take(now, { percent, min })) return true;
    metrics.count('ct_proxy_retries_refused_total');
    return false;
  }

  /** The edge has so many WebSockets that the rest is for those of keys that it has. */
  isNearlyFull(edge: string): boolean {
    const max = this.#options.settings.CT_LIMIT_SOCKETS_PER_EDGE;
    return max > 0 && this.#byEdge.upgrade.of(edge) >= max * newKeysShare;
  }

  /** For the one who throws it: tells the log. */
  refuse(code: ErrorCode, client: string): AppError {
    this.#options.notes.note(code, client);
    return new AppError(code);
  }

  /** An attempt is over, or has become an upgraded connection. */
  tell(passage: PassageFacts, result: ExchangeEnd['result'], latencyMs: number | undefined): void {
    const { watch, admission, pin, startedAtMs } = passage;
    const { settings, log, metrics, nowMs } = this.#options;
    const policy = { failuresMax: settings.CT_BREAKER_FAILURES };
    if (watch === undefined || admission === 'refused') return;
    const change = watch.tell({ admission, result, startedAtMs, latencyMs }, nowMs(), policy);
    if (change === undefined) return;
    const edge = pin.owner.id;
    if (change === 'closed') return log.info('breaker.closed', { edge });
    metrics.count('ct_proxy_breaker_opened_total', { edge });
    log.warn('breaker.opened', { edge });
  }

  close({ pin, kind, counted }: PassageFacts): void {
    this.#uncount(pin, kind);
    counted?.leave();
    this.#options.activity?.closed(pin.key);
  }
}

interface PassageFacts {
  readonly traffic: Traffic;
  readonly pin: Pin;
  readonly kind: Wire['kind'];
  readonly counted: Counted | undefined;
  readonly watch: EdgeWatch | undefined;
  readonly admission: 'usual' | 'probe' | 'refused';
  readonly startedAtMs: number;
}

/** One attempt of an exchange. */
export class Passage {
  readonly #facts: PassageFacts;
  #isOpen = true;

  constructor(facts: PassageFacts) {
    this.#facts = facts;
  }

  /** The edge's breaker is open: it is not asked, and the attempt has failed. */
  get isRefused(): boolean {
    return this.#facts.admission === 'refused';
  }

  /** Tells the breaker what came of it; what was not upgraded is over. */
  end(outcome: ForwardOutcome, firstByteAtMs: number | undefined): void {
    const { traffic, startedAtMs } = this.#facts;
    const latencyMs = firstByteAtMs === undefined ? undefined : firstByteAtMs - startedAtMs;
    traffic.tell(this.#facts, resultOf(outcome), latencyMs);
    if (outcome.kind !== 'agreed') this.close();
  }

  /** The connection that came of it is over. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#facts.traffic.close(this.#facts);
  }
}

/** Only what the edge is to blame for is its failure: a client that leaves never marks an edge. */
function resultOf(outcome: ForwardOutcome): ExchangeEnd['result'] {
  if (outcome.kind !== 'failed') return 'success';
  return errorTable[outcome.code].source === 'upstream' ? 'failure' : 'neutral';
}
