/**
 * Looks at the pool for its dashboards: figures of every edge as it reports them to this front door, as to all others, and which
 * session sits where, read from the directory a few edges at a time so that a large pool costs no more than a small one.
 */
import type { Banner } from '#shared/banner.ts';
import type { Log } from '#shared/log.ts';
import type { Directory } from '../../directory/directory.ts';
import type { PoolLicence } from '../../licence/pool-licence.ts';
import type { EdgePool, PoolEdge } from '../../membership/pool.ts';
import type { FrontDoorRoll } from '../../front-door-roll.ts';
import type { Drains } from '../../move/drains.ts';
import { poolFigures } from '../../pool-metrics.ts';
import { edgeSamplesMax, placesMax, placesOfEdge, poolSamplesMax } from './picture.ts';
import type { EdgeFigures, History, Picture, PoolFigures } from './picture.ts';

interface WatchOptions {
  readonly pool: Pick<EdgePool, 'list'>;
  readonly directory: Pick<Directory, 'listLivePins'>;
  readonly drains: Pick<Drains, 'views'>;
  /** Different people in sessions of the whole pool, where that is known. */
  readonly people: () => number | undefined;
  readonly licence: Pick<PoolLicence, 'view'>;
  readonly roll: Pick<FrontDoorRoll, 'doors'>;
  /** What everybody is to be told now. */
  readonly banner: () => Banner | undefined;
  readonly log: Log;
  readonly nowMs: () => number;
}

/** Edges whose sessions are read in one look. */
const readsPerLook = 4;

/** What is known of the sessions of one incarnation of an edge. */
interface EdgePlaces {
  readonly owner: string;
  /** Sessions that the edge told of when they were read. */
  readonly sessions: number;
  readonly readAt: number;
  readonly keys: readonly string[];
}

export class PoolWatch {
  readonly #options: WatchOptions;
  readonly #places = new Map<string, EdgePlaces>();
  readonly #pool: Record<'users' | 'sessions' | 'connections' | 'lagMs', number[]> = {
    users: [],
    sessions: [],
    connections: [],
    lagMs: [],
  };
  readonly #edges = new Map<string, number[]>();
  #looks = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  get history(): History {
    return { ...this.#pool, edges: Object.fromEntries(this.#edges) };
  }

  /** Cheap: no store is asked. */
  sample(): void {
    const edges = this.#options.pool.list(this.#options.nowMs());
    const figures = this.#sumUp(edges);
    for (const name of ['users', 'sessions', 'connections', 'lagMs'] as const)
      push(this.#pool[name], figures[name], poolSamplesMax);
    for (const id of this.#edges.keys()) if (!edges.some((edge) => edge.id === id)) this.#edges.delete(id);
    for (const { id, load } of edges) {
      const samples = this.#edges.get(id) ?? [];
      this.#edges.set(id, samples);
      push(samples, load?.sessions ?? 0, edgeSamplesMax);
    }
  }

  /** Without its store it tells what it knew of places. */
  async look(): Promise<Picture> {
    const { pool, drains, roll, nowMs } = this.#options;
    const edges = pool.list(nowMs());
    await this.#readPlaces(edges);
    const left = new Map(drains.views().map((drain) => [drain.edge as string, drain.left]));
    return {
      pool: this.#sumUp(edges),
      banner: this.#bannerNow(),
      edges: Object.fromEntries(edges.map((edge) => [edge.id, describe(edge, left.get(edge.id) ?? -1)])),
      places: this.#listPlaces(edges),
      doors: Object.fromEntries(roll.doors.map(({ name, version }) => [name, version])),
    };
  }

  #sumUp(edges: readonly PoolEdge[]): PoolFigures {
    const { users, sessions, connections, lagMs } = poolFigures(edges, this.#options.people());
    const ready = edges.filter(({ state, hold }) => state === 'ready' && hold === undefined).length;
    return {
      users,
      sessions,
      connections,
      lagMs: roundLag(lagMs),
      edges: edges.length,
      ready,
      ...describeLicence(this.#options.licence.view()),
    };
  }

  #bannerNow(): Picture['banner'] {
    const banner = this.#options.banner();
    return banner === undefined ? { text: '', level: 'info' } : { text: banner.text, level: banner.level };
  }

  /** The edges whose number of sessions has changed first, then those that were read longest ago. */
  async #readPlaces(edges: readonly PoolEdge[]): Promise<void> {
    const { directory, log } = this.#options;
    this.#looks++;
    const limit = placesOfEdge(edges.length);
    const due = edges
      .map((edge) => ({ edge, urgency: this.#urgencyOf(edge) }))
      .sort((a, b) => b.urgency - a.urgency)
      .slice(0, readsPerLook);
    try {
      for (const { edge } of due) {
        const pins = await directory.listLivePins(edge, '', limit);
        this.#places.set(edge.id, {
          owner: ownerOf(edge),
          sessions: edge.load?.sessions ?? 0,
          readAt: this.#looks,
          keys: pins.map(({ key }) => key),
        });
      }
    } catch (error) {
      log.debug('directory.failed', { error });
    }
  }

  #urgencyOf(edge: PoolEdge): number {
    const known = this.#places.get(edge.id);
    if (known?.owner !== ownerOf(edge)) return Infinity;
    const hasChanged = known.sessions !== (edge.load?.sessions ?? 0);
    return this.#looks - known.readAt + (hasChanged ? 1_000 : 0);
  }

  #listPlaces(edges: readonly PoolEdge[]): Record<string, string> {
    const places: [string, string, number][] = [];
    for (const id of this.#places.keys()) {
      const edge = edges.find((one) => one.id === id);
      const known = this.#places.get(id)!;
      if (edge === undefined || known.owner !== ownerOf(edge)) this.#places.delete(id);
      else for (const key of known.keys) places.push([key, id, known.readAt]);
    }
    // One that has just moved may stand in two lists: the newer one knows.
    places.sort((a, b) => a[2] - b[2]);
    return Object.fromEntries(places.slice(-placesMax).map(([key, id]) => [key, id]));
  }
}

function describe(edge: PoolEdge, left: number): EdgeFigures {
  const { kind, state, hold, version, region, weight, sessionsMax, load } = edge;
  return {
    kind,
    state: hold !== undefined && state === 'ready' ? hold : state,
    version,
    region,
    weight,
    sessions: load?.sessions ?? 0,
    sessionsMax,
    users: load?.users ?? 0,
    connections: load === undefined ? 0 : load.sockets.websocket + load.sockets.polling,
    messagesPerSecond: Math.round(load?.messagesPerSecond ?? 0),
    lagMs: roundLag(load?.eventLoopDelayMs.p50 ?? 0),
    busy: Math.round((load?.eventLoopUtilisation ?? 0) * 100),
    left,
  };
}

type LicenceFigures = Pick<PoolFigures, 'connectionsMax' | 'licence' | 'licenceDaysLeft'>;

function describeLicence(view: ReturnType<PoolLicence['view']>): LicenceFigures {
  const { isLicensed, isExpired, isNearlyFull, connectionsMax, daysLeft } = view;
  if (!isLicensed) return { connectionsMax, licence: 'none', licenceDaysLeft: daysLeft };
  const licence = isExpired ? 'expired' : isNearlyFull ? 'nearly full' : 'valid';
  return { connectionsMax, licence, licenceDaysLeft: daysLeft };
}

/** Finer than a person reads it would change all the time. */
function roundLag(ms: number): number {
  return ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms);
}

function ownerOf({ id, incarnation }: PoolEdge): string {
  return `${id}#${incarnation}`;
}

function push(samples: number[], value: number, max: number): void {
  samples.push(value);
  if (samples.length > max) samples.shift();
}
