/** What limits say of one client address: whose count, how much, how fast, by the settings of the moment. Decides only. */
import type { ErrorCode } from '#shared/errors.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { SettingNetworks } from '#shared/network-list.ts';
import type { Penalty } from '../core/flood-penalty.ts';
import type { Rate } from '../core/token-bucket.ts';
import type { AddressTable, Counted } from './address-table.ts';

/** A burst of so many seconds passes: a building whose network comes back, or a session that moves. */
const connectionBurstSeconds = 10;
/**
 * Those of a burst come in one after the other, as fast as the limit allows for long and no slower than this, for what each
 * costs others is what it costs anybody (what twice as fast cost good clients: docs/decisions/0037-hostile-clients.md).
 */
const entriesPerSecondMin = 200;
/** A page with all that it loads, and the people of an office, do not wait. */
const entriesAtOnce = 50;
const minuteMs = 60_000;
/**
 * Streams of one address that end before their answers, on whichever connection: those of 20 connections at once, and of 10 in the
 * long run, as `proxy/http2/flood-bounds.ts` bounds one. Who comes back before each bound is found out by this.
 */
const unansweredRate: Rate = { burst: 4_000, costMs: 5 };
/** In the same bucket, a connection that was ended at its first few of them, as it came in a flood: twice at once, and every 10 s. */
const suspectRate: Rate = { burst: 2, costMs: 10_000 };
const uncounted: Counted = { leave: () => undefined };

export class ArrivalRules {
  readonly #settings: Settings;
  readonly #addresses: AddressTable;
  readonly #trusted: SettingNetworks;
  readonly #exempt: SettingNetworks;

  constructor(settings: Settings, addresses: AddressTable) {
    this.#settings = settings;
    this.#addresses = addresses;
    this.#trusted = new SettingNetworks(() => settings.CT_TRUSTED_PROXIES);
    this.#exempt = new SettingNetworks(() => settings.CT_LIMIT_EXEMPT);
  }

  /** Nobody's limits count for it. */
  isExempt(address: string): boolean {
    return address === '' || this.#exempt.includes(address);
  }

  /** A new connection of a client; proxies speak for many. */
  openConnection(address: string): Counted | ErrorCode {
    if (this.speaksForMany(address)) return uncounted;
    if (this.#penaltyMaxMs > 0 && this.#addresses.isPenalized(address)) return 'flooded-before';
    const { CT_LIMIT_CONNECTION_RATE: perSecond } = this.#settings;
    const rate = { costMs: 1_000 / perSecond, burst: perSecond * connectionBurstSeconds };
    if (perSecond > 0 && !this.#addresses.take(address, 'connections', rate)) return 'connecting-too-fast';
    return this.#open(address);
  }

  /** How long a connection that may come in waits for its turn. */
  entryWaitMs(address: string): number {
    const { CT_LIMIT_CONNECTION_RATE: perSecond } = this.#settings;
    if (perSecond === 0 || this.speaksForMany(address)) return 0;
    const costMs = 1_000 / Math.max(entriesPerSecondMin, perSecond);
    return this.#addresses.book(address, 'entries', { costMs, burst: entriesAtOnce });
  }

  /** A WebSocket, which is no connection of its client any more but stays open. */
  openSocket(address: string): Counted | ErrorCode {
    return this.isExempt(address) ? uncounted : this.#open(address);
  }

  /** Whether the client may begin one session more. */
  mayBegin(address: string): boolean {
    const { CT_LIMIT_NEW_KEYS: perMinute } = this.#settings;
    if (perMinute === 0 || this.isExempt(address)) return true;
    return this.#addresses.take(address, 'keys', { costMs: minuteMs / perMinute, burst: perMinute });
  }

  /** A connection of the address was ended for a flood; undefined where that changes nothing for its next ones. */
  penalize(address: string): Penalty | undefined {
    if (this.speaksForMany(address)) return undefined;
    return this.#addresses.penalize(address, this.#penaltyMaxMs);
  }

  /** A stream of the address ended before its answer; false where there were too many. */
  mayLeaveUnanswered(address: string): boolean {
    if (this.#penaltyMaxMs === 0 || this.speaksForMany(address)) return true;
    return this.#addresses.take(address, 'unanswered', unansweredRate);
  }

  /** A connection of the address was ended at the bound of those who come in a flood; false where that happened too often. */
  mayBeSuspect(address: string): boolean {
    return this.#penaltyMaxMs === 0 || this.#addresses.take(address, 'unanswered', suspectRate);
  }

  get #penaltyMaxMs(): number {
    return this.#settings.CT_LIMIT_FLOOD_PENALTY_MS;
  }

  /** What one connection does says nothing of one client. */
  speaksForMany(address: string): boolean {
    return this.isExempt(address) || this.#trusted.includes(address);
  }

  #open(address: string): Counted | ErrorCode {
    const max = this.#settings.CT_LIMIT_CONNECTIONS_PER_ADDRESS || Infinity;
    return this.#addresses.open(address, max) ?? 'too-many-connections';
  }
}
