/**
 * The licence that the pool has, if it has one: edges claim seats for newcomers here, and whoever is in stays in, whatever becomes
 * of it. Tells ahead of the limit and of the last day.
 */
import type { EdgeMessage, FrontDoorMessage } from '#shared/control-protocol.ts';
import { lifeOf, readLicence } from '#shared/licence/licence-source.ts';
import type { InstalledLicence, LicenceLife } from '#shared/licence/licence-source.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { Directory, EdgeRef } from '../directory/directory.ts';
import type { EdgeLinks } from '../membership/edge-links.ts';
import type { EdgePool } from '../membership/pool.ts';
import type { Reloads } from '../reload/reloads.ts';
import { SeatBook } from './seat-book.ts';

interface PoolLicenceOptions {
  readonly settings: Settings;
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly links: EdgeLinks;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly wallMs: () => number;
}

type Claim = EdgeMessage & { readonly type: 'claim-seats' };
type Tell = (message: FrontDoorMessage) => void;

export interface LicenceView {
  readonly isLicensed: boolean;
  readonly licensee: string;
  /** 0 without a licence. */
  readonly connectionsMax: number;
  /** Session connections that count, of the whole pool; 0 without a licence, for nobody counts them then. */
  readonly connections: number;
  readonly expiration: string;
  readonly daysLeft: number;
  readonly isExpired: boolean;
  readonly isNearlyFull: boolean;
}

/** Told as soon as so many are taken, and again after they were fewer than `calmShare`. */
const warnShare = 0.9;
const calmShare = 0.85;
const warnDays = [1, 7, 30];

export class PoolLicence {
  readonly #options: PoolLicenceOptions;
  readonly #book: SeatBook;
  /** Edges that know of seats. */
  readonly #edges = new Map<EdgeRef['id'], EdgeRef>();
  #licence: InstalledLicence | undefined;
  #isNearlyFull = false;
  /** Least of `warnDays` that was told; `Infinity` before the first, 0 after the end. */
  #toldDays = Infinity;

  /** Throws a line for people where the settings have a licence that is none. */
  constructor(options: PoolLicenceOptions) {
    const { settings, directory, log } = options;
    this.#options = options;
    this.#licence = readLicence(settings);
    this.#book = new SeatBook({
      directory,
      max: () => this.#licence?.maxConnections ?? Infinity,
      onLost: () => this.#tellEdges(),
      log,
    });
    this.#tellInstalled();
  }

  /** A renewed licence is taken up by a reload. */
  follow(reloads: Reloads): void {
    reloads.onReload('licence', ({ next }) => {
      const licence = readLicence(next);
      if (JSON.stringify(licence) === JSON.stringify(this.#licence)) return undefined;
      return () => this.#install(licence);
    });
  }

  /** An edge that knows of seats has joined. */
  greet(edge: EdgeRef, tell: Tell): void {
    this.#edges.set(edge.id, edge);
    if (this.#licence !== undefined) tell({ type: 'licence', isLimited: true });
  }

  /** Never rejects. */
  async claim(edge: EdgeRef, { sequence, held, wanted }: Claim): Promise<FrontDoorMessage> {
    const { isExpired } = this.#life;
    const asked = isExpired ? 0 : wanted;
    const claim = { edge: edge.id, incarnation: edge.incarnation, sequence, held, wanted: asked };
    const { granted, isProvisional } = await this.#book.claim(claim);
    const refusal = isExpired ? 'expired' : 'full';
    if (granted < wanted)
      this.#options.metrics.count('ct_pool_licence_refused_total', { reason: refusal }, wanted - granted);
    this.#watch();
    return { type: 'seats', sequence, granted, refusal, isProvisional };
  }

  /** To be called again and again: takes over what other front doors wrote, and warns. */
  async refresh(): Promise<void> {
    const { pool, links } = this.#options;
    for (const edge of this.#edges.values()) if (!links.has(edge)) this.#edges.delete(edge.id);
    if (this.#licence === undefined) return this.#watch();
    const here = new Set(pool.list(performance.now()).map(({ id, incarnation }) => `${id}:${incarnation}`));
    try {
      await this.#book.refresh((id, incarnation) => here.has(`${id}:${incarnation}`));
    } finally {
      // Its last day comes also while the store is away.
      this.#watch();
    }
  }

  view(): LicenceView {
    const licence = this.#licence;
    const { daysLeft, isExpired } = this.#life;
    return {
      isLicensed: licence !== undefined,
      licensee: licence?.licensee ?? '',
      connectionsMax: licence?.maxConnections ?? 0,
      connections: licence === undefined ? 0 : this.#book.taken,
      expiration: licence?.expiration ?? '',
      daysLeft,
      isExpired,
      isNearlyFull: this.#isNearlyFull,
    };
  }

  get #life(): LicenceLife {
    const none = { daysLeft: 0, isExpired: false };
    return this.#licence === undefined ? none : lifeOf(this.#licence, this.#options.wallMs());
  }

  #install(licence: InstalledLicence | undefined): void {
    this.#licence = licence;
    this.#toldDays = Infinity;
    this.#tellInstalled();
    this.#tellEdges();
    this.#watch();
  }

  /** Whoever hears it claims what it holds. */
  #tellEdges(): void {
    for (const edge of this.#edges.values())
      this.#options.links.tell(edge, { type: 'licence', isLimited: this.#licence !== undefined });
  }

  #tellInstalled(): void {
    const { log } = this.#options;
    if (this.#licence === undefined)
      return log.info('licence.absent', { message: 'No licence is installed: connections are not limited' });
    const { licensee, maxConnections, expiration, serverUrl } = this.#licence;
    const terms = `${licensee}, ${maxConnections} connections until ${expiration}`;
    const message = `Valid Mooring licence installed: ${terms}`;
    log.info('licence.installed', { message, licensee, maxConnections, expiration, serverUrl });
  }

  #watch(): void {
    const { metrics, log } = this.#options;
    const { connections, connectionsMax, expiration, daysLeft, isExpired } = this.view();
    metrics.set('ct_pool_licence_connections', connections);
    metrics.set('ct_pool_licence_connections_max', connectionsMax);
    metrics.set('ct_pool_licence_expiry_seconds', (this.#licence?.expiresAtMs ?? 0) / 1_000);
    if (this.#licence === undefined) return;
    const share = connections / connectionsMax;
    if (share < calmShare) this.#isNearlyFull = false;
    if (share >= warnShare && !this.#isNearlyFull) {
      this.#isNearlyFull = true;
      log.warn('licence.nearly-full', { connections, connectionsMax });
    }
    const toldBefore = this.#toldDays;
    this.#toldDays = isExpired ? 0 : (warnDays.find((days) => daysLeft < days) ?? Infinity);
    if (this.#toldDays >= toldBefore) return;
    if (isExpired) log.error('licence.expired', { expiration });
    else log.warn('licence.expiring', { expiration, daysLeft });
  }
}
