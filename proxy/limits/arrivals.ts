/**
 * Who may come in: connections in all, and of each client address how many and how fast. Decides only; who is refused is told
 * so by others. What is open is never touched.
 */
import type { ErrorCode } from '#shared/errors.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { SettingNetworks } from '../core/network-list.ts';
import type { Rate } from '../core/token-bucket.ts';
import type { ProxiedClient } from '../proxied/proxy-header.ts';
import type { AddressTable, Counted } from './address-table.ts';
import type { LimitNotes } from './limit-notes.ts';

interface ArrivalOptions {
  readonly settings: Settings;
  readonly addresses: AddressTable;
  readonly notes: LimitNotes;
  readonly metrics: Metrics;
}

/** A burst of so many seconds passes: a building whose network comes back, or a session that moves. */
const burstSeconds = 10;

export class Arrivals {
  readonly #options: ArrivalOptions;
  readonly #proxies: SettingNetworks;
  readonly #trusted: SettingNetworks;
  readonly #exempt: SettingNetworks;
  #open = 0;
  /** Without descriptors for more, and no way to leave them in the queue of the kernel. */
  isFull = false;

  constructor(options: ArrivalOptions) {
    const { settings } = options;
    this.#options = options;
    this.#proxies = new SettingNetworks(() => settings.CT_PROXY_PROTOCOL_FROM);
    this.#trusted = new SettingNetworks(() => settings.CT_TRUSTED_PROXIES);
    this.#exempt = new SettingNetworks(() => settings.CT_LIMIT_EXEMPT);
  }

  /** Connections that are here. */
  get open(): number {
    return this.#open;
  }

  /** Somebody has connected. */
  greet(peer: string): Arrival | ErrorCode {
    const { CT_LIMIT_CONNECTIONS: max } = this.#options.settings;
    const isOver = max > 0 && this.#open >= max && !this.#exempt.includes(peer);
    if (isOver || this.isFull) return this.refuse('front-door-full', peer);
    this.#open++;
    return new Arrival(this, peer, this.#proxies.includes(peer));
  }

  /** Counts a connection for its client; proxies speak for many. */
  count(address: string): Counted | ErrorCode {
    if (this.isExempt(address)) return { leave: () => undefined };
    const { settings, addresses } = this.#options;
    const rate = rateOf(settings.CT_LIMIT_CONNECTION_RATE, 1_000, burstSeconds);
    if (rate !== undefined && !addresses.take(address, 'connections', rate))
      return this.refuse('connecting-too-fast', address);
    const max = settings.CT_LIMIT_CONNECTIONS_PER_ADDRESS || Infinity;
    return addresses.open(address, max) ?? this.refuse('too-many-connections', address);
  }

  /** Nobody's limits count for it. */
  isExempt(address: string): boolean {
    return address === '' || this.#exempt.includes(address) || this.#trusted.includes(address);
  }

  /** A connection that is refused before there is an exchange. */
  refuse(code: ErrorCode, client: string): ErrorCode {
    this.#options.metrics.count('ct_proxy_rejected_total', { code });
    this.#options.notes.note(code, client);
    return code;
  }

  forget(): void {
    this.#open--;
  }
}

/** One connection, from the moment that it is accepted. */
export class Arrival {
  readonly peer: string;
  /** It is a proxy, which says who the client is before anything else. */
  readonly mustIntroduce: boolean;
  readonly #arrivals: Arrivals;
  #counted: Counted | undefined;
  #isHere = true;
  client: ProxiedClient;

  constructor(arrivals: Arrivals, peer: string, mustIntroduce: boolean) {
    this.#arrivals = arrivals;
    this.peer = peer;
    this.mustIntroduce = mustIntroduce;
    this.client = { address: peer, isSecure: false };
  }

  /** Says who the client is; returns why it may not come in, undefined where it may. */
  admit(introduced?: ProxiedClient): ErrorCode | undefined {
    // A proxy that speaks for itself, as when it checks us, is nobody's client.
    const address = introduced === undefined ? this.peer : introduced.address;
    this.client = { address: address ?? this.peer, isSecure: introduced?.isSecure ?? false };
    if (address === undefined) return undefined;
    const counted = this.#arrivals.count(address);
    if (typeof counted === 'string') return counted;
    this.#counted = counted;
    return undefined;
  }

  /** It does not say who the client is, as it must. */
  refuse(code: ErrorCode): void {
    this.#arrivals.refuse(code, this.peer);
  }

  /** It has gone, or is counted as something else from now on. */
  leave(): void {
    if (!this.#isHere) return;
    this.#isHere = false;
    this.#arrivals.forget();
    this.#counted?.leave();
  }
}

/** `events` in `perMs`, and at once as many as in `burst` such times; undefined where there is no limit. */
function rateOf(events: number, perMs: number, burst: number): Rate | undefined {
  return events === 0 ? undefined : { costMs: perMs / events, burst: events * burst };
}
