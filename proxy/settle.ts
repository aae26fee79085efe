/** The last phase of every exchange: one log line, the metrics, the count of open exchanges. */
import { AppError } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { hashKeyForLog } from '#shared/fleet-secrets.ts';
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Observations } from '#shared/histogram.ts';
import type { BoundMetric, Metrics } from '#shared/metrics.ts';
import { formatThousandths } from '#shared/thousandths.ts';
import type { RouteName } from './core/route.ts';
import { describeTermination } from './core/termination.ts';
import type { TunnelEnder } from './core/termination.ts';
import { formatAccess, keepRequest } from './access-line.ts';
import type { AccessRequest } from './access-line.ts';
import type { Pin } from './directory/directory.ts';
import { ExchangeIds } from './exchange-ids.ts';
import type { PlacementReason } from './placement.ts';
import type { ByteCounts, Carrier, ForwardOutcome, TunnelTotals, Wire } from './wire/wire.ts';

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
  /** Of an upgrade that was agreed on: who ended it. */
  tunnel: TunnelEnder | undefined;
  /** Where the format of lines wants it. */
  readonly request: AccessRequest | undefined;
  /** Of an upgrade: whose process carried its bytes; `left` where it went on, or ended, unheard by this front door. */
  carrier: Carrier | 'left' | undefined;
}

/** Keys of which a part of their lines is kept: a key comes again and again, and its hash costs as much as its head. */
const keptKeysMax = 20_000;

/** Of what was no request. */
const unread: Settlement = {
  id: '',
  kind: 'http',
  method: '',
  startedAtMs: 0,
  client: '',
  route: 'unknown',
  key: undefined,
  pin: undefined,
  reason: undefined,
  status: 0,
  bytes: { up: 0, down: 0 },
  firstByteAtMs: undefined,
  retried: undefined,
  error: undefined,
  tunnel: undefined,
  request: undefined,
  carrier: undefined,
};

/** What lines tell of a key: its hash and, where it has a pin, edge and epoch, as JSON. */
interface KeptKey {
  readonly hash: string;
  pin: Pin | undefined;
  text: string;
}

interface SettlerOptions {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly secrets: FleetSecrets;
  /** Of the line of each exchange; CT_LOG_FORMAT. */
  readonly format?: string;
}

export class Settler {
  readonly #isCombined: boolean;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #secrets: FleetSecrets;
  readonly #keys = new Map<AffinityKey, KeptKey>();
  readonly #ids = new ExchangeIds();
  readonly #openOf: Readonly<Record<Wire['kind'], BoundMetric>>;
  readonly #firstByteOf: Readonly<Record<Wire['kind'], Observations>>;
  readonly #bytesUp: BoundMetric;
  readonly #bytesDown: BoundMetric;
  /** By edge, kind and status class, which are bounded sets. */
  readonly #totals = new Map<string, Record<Wire['kind'], BoundMetric[]>>();
  #open = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: SettlerOptions) {
    this.#isCombined = options.format === 'combined';
    this.#log = options.log;
    this.#metrics = options.metrics;
    this.#secrets = options.secrets;
    this.#log.hearDropped((lines) => this.#metrics.count('ct_proxy_log_dropped_total', {}, lines));
    this.#openOf = {
      http: this.#metrics.bind('ct_proxy_exchanges_open', { kind: 'http' }),
      upgrade: this.#metrics.bind('ct_proxy_exchanges_open', { kind: 'upgrade' }),
    };
    this.#firstByteOf = {
      http: this.#metrics.bindHistogram('ct_proxy_exchange_seconds', { kind: 'http' }),
      upgrade: this.#metrics.bindHistogram('ct_proxy_exchange_seconds', { kind: 'upgrade' }),
    };
    this.#bytesUp = this.#metrics.bind('ct_proxy_bytes_total', { direction: 'up' });
    this.#bytesDown = this.#metrics.bind('ct_proxy_bytes_total', { direction: 'down' });
  }

  begin(wire: Wire): Settlement {
    this.#open++;
    this.#openOf[wire.kind].add(1);
    return {
      id: this.#ids.next(),
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
      carrier: undefined,
      tunnel: undefined,
      request: this.#isCombined ? keepRequest(wire.head) : undefined,
    };
  }

  /** What was no request never became an exchange: it has a line all the same. */
  settleUnread(code: ErrorCode, address: string): void {
    this.#metrics.count('ct_proxy_rejected_total', { code });
    const error = new AppError(code);
    const own = { id: this.#ids.next(), client: address, startedAtMs: performance.now() };
    this.#writeLine({ ...unread, ...own, status: error.entry.status, error });
  }

  markFirstByte(settlement: Settlement): void {
    settlement.firstByteAtMs = performance.now();
    const seconds = (settlement.firstByteAtMs - settlement.startedAtMs) / 1_000;
    this.#firstByteOf[settlement.kind].observe(seconds);
  }

  /** Of an upgrade: with what its tunnel has carried. */
  settleTunnel(settlement: Settlement, totals: TunnelTotals): void {
    settlement.bytes = totals;
    settlement.tunnel = totals.isLeft ? 'left' : totals.endedBy;
    if (totals.isLeft) settlement.carrier = 'left';
    settlement.status = totals.status ?? settlement.status;
    this.settle(settlement);
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
    this.#openOf[kind].add(-1);
    this.#total(kind, Math.floor(status / 100), pin?.owner.id ?? 'none').add(1);
    this.#bytesUp.add(bytes.up);
    this.#bytesDown.add(bytes.down);
    if (retried !== undefined) this.#metrics.count('ct_proxy_retries_total', { cause: retried });
    if (error !== undefined) this.#metrics.count('ct_proxy_rejected_total', { code: error.code });
  }

  #total(kind: Wire['kind'], statusClass: number, edge: string): BoundMetric {
    let totals = this.#totals.get(edge);
    if (totals === undefined) this.#totals.set(edge, (totals = { http: [], upgrade: [] }));
    totals[kind][statusClass] ??= this.#metrics.bind('ct_proxy_exchanges_total', {
      kind,
      class: `${statusClass}xx`,
      edge,
    });
    return totals[kind][statusClass];
  }

  #write(settlement: Settlement): void {
    const { error } = settlement;
    if (error !== undefined && (error.entry.level === 'warn' || error.entry.level === 'error')) {
      this.#log.write(error.entry.level, 'exchange.failed', {
        exchange: settlement.id,
        code: error.code,
        error,
        facts: error.facts,
      });
    }
    this.#writeLine(settlement);
  }

  #writeLine(settlement: Settlement): void {
    const ended = describeEnd(settlement);
    if (!this.#isCombined)
      return this.#log.infoLine('exchange.settled', this.#formatFacts(settlement, ended));
    const { bytes, pin, startedAtMs, id } = settlement;
    const totalMs = formatThousandths(performance.now() - startedAtMs);
    const facts = { bytesDown: bytes.down, edge: pin?.owner.id ?? '-', exchange: id, ended, totalMs };
    this.#log.exchangeLine(formatAccess({ ...settlement, ...facts }, Date.now()));
  }

  /** As JSON by hand: strings that the outside chose are escaped, the others need no escape by their kind. */
  #formatFacts(settlement: Settlement, ended: string): string {
    const { id, kind, method, route, client, status, error, pin, key, bytes } = settlement;
    const { reason, retried, firstByteAtMs, startedAtMs, carrier } = settlement;
    const failed = error === undefined ? '' : `,"code":"${error.code}","source":"${error.entry.source}"`;
    const placed = key === undefined ? '' : this.#placed(key, pin);
    const why = reason === undefined ? '' : `,"placement":"${reason}"`;
    const again = retried === undefined ? '' : `,"retried":"${retried}"`;
    const carried = carrier === undefined ? '' : `,"carrier":"${carrier}"`;
    const first =
      firstByteAtMs === undefined ? '' : `,"firstByteMs":${formatThousandths(firstByteAtMs - startedAtMs)}`;
    const total = formatThousandths(performance.now() - startedAtMs);
    return `"exchange":"${id}","kind":"${kind}","method":"${method}","route":"${route}","client":"${client}","status":${status},"ended":"${ended}"${failed}${placed}${why}${again}${carried},"bytesUp":${bytes.up},"bytesDown":${bytes.down}${first},"totalMs":${total}`;
  }

  #placed(key: AffinityKey, pin: Pin | undefined): string {
    let kept = this.#keys.get(key);
    if (kept === undefined) kept = this.#keep(key);
    if (kept.pin !== pin || kept.text === '') {
      const edge = pin === undefined ? '' : `,"edge":"${pin.owner.id}","epoch":${pin.epoch}`;
      kept.pin = pin;
      kept.text = `,"key":"${kept.hash}"${edge}`;
    }
    return kept.text;
  }

  #keep(key: AffinityKey): KeptKey {
    const kept: KeptKey = { hash: hashKeyForLog(this.#secrets, key), pin: undefined, text: '' };
    if (this.#keys.size >= keptKeysMax) this.#keys.delete(this.#keys.keys().next().value!);
    // A copy: the key is a part of a head, and would keep all of that.
    this.#keys.set(Buffer.from(key, 'latin1').toString('latin1') as AffinityKey, kept);
    return kept;
  }
}

function describeEnd({ error, tunnel, route, key, pin, firstByteAtMs }: Settlement): string {
  // Nearly all of them.
  if (error === undefined && tunnel === undefined) return '--';
  return describeTermination({
    error,
    tunnel,
    isRouted: route !== 'unknown',
    isKeyed: key !== undefined,
    isPlaced: pin !== undefined,
    hasAnswer: firstByteAtMs !== undefined,
  });
}
