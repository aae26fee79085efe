/**
 * Who may come in: connections in all, and of each client address how many and how fast. Decides only; who is refused is told
 * so by others. What is open is never touched.
 */
import type { ErrorCode } from '#shared/errors.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { SettingNetworks } from '#shared/network-list.ts';
import type { ProxiedClient } from '../proxied/proxy-header.ts';
import type { Counted } from './address-table.ts';
import type { ArrivalRules } from './arrival-rules.ts';
import type { LimitNotes } from './limit-notes.ts';
import type { ResetAlarm } from './reset-alarm.ts';

interface ArrivalOptions {
  readonly settings: Settings;
  readonly rules: ArrivalRules;
  readonly notes: LimitNotes;
  readonly metrics: Metrics;
  readonly resets: ResetAlarm;
}

export class Arrivals {
  readonly #options: ArrivalOptions;
  readonly #proxies: SettingNetworks;
  #open = 0;
  /** Without descriptors for more, and no way to leave them in the queue of the kernel. */
  isFull = false;
  /** So far. */
  accepted = 0;
  onAccepted: () => void = () => undefined;

  constructor(options: ArrivalOptions) {
    this.#options = options;
    this.#proxies = new SettingNetworks(() => options.settings.CT_PROXY_PROTOCOL_FROM);
  }

  /** Connections that are here. */
  get open(): number {
    return this.#open;
  }

  /** Somebody has connected. */
  greet(peer: string): Arrival | ErrorCode {
    const { CT_LIMIT_CONNECTIONS: max } = this.#options.settings;
    const isOver = max > 0 && this.#open >= max && !this.#options.rules.isExempt(peer);
    // Who is only told that it may not come in has a descriptor, too, until it has heard that.
    this.accepted++;
    this.onAccepted();
    if (isOver || this.isFull) return this.refuse('front-door-full', peer);
    this.#open++;
    return new Arrival(this, peer, this.#proxies.includes(peer));
  }

  /** Counts a connection for its client. */
  count(address: string): Counted | ErrorCode {
    const counted = this.#options.rules.openConnection(address);
    return typeof counted === 'string' ? this.refuse(counted, address) : counted;
  }

  /** Of a connection that may come in. */
  entryWaitMs(address: string): number {
    const waitMs = this.#options.rules.entryWaitMs(address);
    if (waitMs > 0) this.#options.metrics.count('ct_proxy_entry_waits_total');
    return waitMs;
  }

  /** The client flooded: its address opens no new connection for a while. */
  penalize(address: string, flood: string): void {
    const { rules, notes, metrics } = this.#options;
    const penalty = rules.penalize(address);
    if (penalty === undefined) return;
    metrics.count('ct_proxy_flood_penalties_total');
    notes.notePenalty(address, flood, penalty);
  }

  /** Whether who comes now may be one of many who flood. */
  isSuspect(address: string): boolean {
    return this.#options.resets.isOn && !this.#options.rules.speaksForMany(address);
  }

  /** A request of the client ended before its answer. */
  noteUnanswered(address: string): void {
    const { rules, resets } = this.#options;
    if (!rules.speaksForMany(address)) resets.note();
    if (!rules.mayLeaveUnanswered(address)) this.penalize(address, 'rapid-reset');
  }

  /** A connection that came in a flood has reached its bound: it may be a page that was left, and is one only a few times. */
  noteSuspect(address: string): void {
    if (!this.#options.rules.mayBeSuspect(address)) this.penalize(address, 'rapid-reset');
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
  /** It may come in, and is to wait so long for its turn. */
  waitMs = 0;
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
    this.waitMs = this.#arrivals.entryWaitMs(address);
    return undefined;
  }

  /** Its client flooded, and the connection ends for it. */
  blame(flood: string): void {
    if (this.#blamed !== undefined) this.#arrivals.penalize(this.#blamed, flood);
  }

  /** Who comes now may be one of many who flood. */
  get isSuspect(): boolean {
    return this.#blamed !== undefined && this.#arrivals.isSuspect(this.#blamed);
  }

  /** It has reached the bound of those. */
  blameSuspect(): void {
    if (this.#blamed !== undefined) this.#arrivals.noteSuspect(this.#blamed);
  }

  noteUnanswered(): void {
    if (this.#blamed !== undefined) this.#arrivals.noteUnanswered(this.#blamed);
  }

  get #blamed(): string | undefined {
    return this.#counted === undefined ? undefined : this.client.address;
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
