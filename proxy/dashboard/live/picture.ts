/**
 * What a dashboard shows of the whole pool at one moment, and how two such moments differ. The same on every front door, bounded
 * whatever the pool has, and known to server and browser alike: pure, without imports.
 */

/** Of the whole pool. */
export interface PoolFigures {
  readonly users: number;
  readonly sessions: number;
  readonly connections: number;
  /** Mean over the edges. */
  readonly lagMs: number;
  readonly edges: number;
  /** Edges that take new keys. */
  readonly ready: number;
  /** Session connections that the licence allows; 0 without one. */
  readonly connectionsMax: number;
  readonly licence: 'none' | 'valid' | 'nearly full' | 'expired';
  readonly licenceDaysLeft: number;
}

export interface EdgeFigures {
  readonly kind: 'edge' | 'static';
  readonly state: string;
  readonly version: string;
  readonly region: string;
  readonly weight: number;
  readonly sessions: number;
  readonly sessionsMax: number;
  readonly users: number;
  readonly connections: number;
  readonly messagesPerSecond: number;
  readonly lagMs: number;
  /** Share of one core, in percent. */
  readonly busy: number;
  /** Sessions that still have to leave, where it is being emptied through this front door; -1 where it is not. */
  readonly left: number;
}

/** Session keys, each with the edge that has it: of each edge a few, always the same ones while they live. */
export type Places = Readonly<Record<string, string>>;

/** Front doors by their names, each with its version. */
export type Doors = Readonly<Record<string, string>>;

/** A word of administrators to everybody; without a text there is none. */
export interface ShownBanner {
  readonly text: string;
  readonly level: 'info' | 'warning';
}

export interface Picture {
  readonly pool: PoolFigures;
  readonly banner: ShownBanner;
  readonly edges: Readonly<Record<string, EdgeFigures>>;
  readonly places: Places;
  readonly doors: Doors;
}

/** Only what differs; null for what is no more. */
export interface PictureChange {
  readonly pool?: Partial<PoolFigures>;
  readonly banner?: Partial<ShownBanner>;
  readonly edges?: Readonly<Record<string, Partial<EdgeFigures> | null>>;
  readonly places?: Readonly<Record<string, string | null>>;
  readonly doors?: Readonly<Record<string, string | null>>;
}

/** The last minutes, oldest first, in steps of `sampleIntervalMs`. */
export interface History {
  readonly users: readonly number[];
  readonly sessions: readonly number[];
  readonly connections: readonly number[];
  readonly lagMs: readonly number[];
  /** By edge: its sessions. */
  readonly edges: Readonly<Record<string, readonly number[]>>;
}

/** Sessions with a place on the map, and those of one edge. */
export const placesMax = 600;
const placesOfEdgeMax = 60;
const placesOfEdgeMin = 4;

export function placesOfEdge(edges: number): number {
  return Math.min(placesOfEdgeMax, Math.max(placesOfEdgeMin, Math.floor(placesMax / edges)));
}

/** The first event of a stream, and another one for whoever was too slow for the changes. */
export interface Snapshot {
  readonly version: string;
  readonly picture: Picture;
  readonly history: History;
}

export const sampleIntervalMs = 5_000;
export const poolSamplesMax = 120;
export const edgeSamplesMax = 24;

type Flat = Readonly<Record<string, string | number>>;

/** Undefined where nothing differs. */
export function differ(before: Picture, after: Picture): PictureChange | undefined {
  const pool = differFlat({ ...before.pool }, { ...after.pool });
  const banner = differFlat({ ...before.banner }, { ...after.banner });
  const edges = differEach(before.edges, after.edges, (old, now) => differFlat({ ...old }, { ...now }));
  const places = differEach(before.places, after.places, changeOf);
  const doors = differEach(before.doors, after.doors, changeOf);
  const changes = [pool, banner, edges, places, doors];
  if (changes.every((change) => change === undefined)) return undefined;
  return {
    ...(pool === undefined ? {} : { pool }),
    ...(banner === undefined ? {} : { banner }),
    ...(edges === undefined ? {} : { edges }),
    ...(places === undefined ? {} : { places }),
    ...(doors === undefined ? {} : { doors }),
  };
}

export function applyChange(picture: Picture, change: PictureChange): Picture {
  const { pool, banner, edges, places, doors } = change;
  return {
    pool: pool === undefined ? picture.pool : { ...picture.pool, ...pool },
    banner: banner === undefined ? picture.banner : { ...picture.banner, ...banner },
    edges:
      edges === undefined
        ? picture.edges
        : applyEach(picture.edges, edges, (old, figures) => ({ ...old, ...figures }) as EdgeFigures),
    places: places === undefined ? picture.places : applyEach(picture.places, places, (_, edge) => edge),
    doors: doors === undefined ? picture.doors : applyEach(picture.doors, doors, (_, version) => version),
  };
}

function changeOf(old: string, now: string): string | undefined {
  return old === now ? undefined : now;
}

function differFlat<T extends object>(before: Flat, after: Flat): Partial<T> | undefined {
  const changed = Object.entries(after).filter(([name, value]) => before[name] !== value);
  return changed.length === 0 ? undefined : (Object.fromEntries(changed) as Partial<T>);
}

function differEach<T, C>(
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
  compare: (old: T, now: T) => C | undefined,
): Record<string, C | T | null> | undefined {
  const changes: [string, C | T | null][] = [];
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) changes.push([name, null]);
  for (const [name, now] of Object.entries(after)) {
    const change = Object.hasOwn(before, name) ? compare(before[name]!, now) : now;
    if (change !== undefined) changes.push([name, change]);
  }
  return changes.length === 0 ? undefined : Object.fromEntries(changes);
}

function applyEach<T, C>(
  before: Readonly<Record<string, T>>,
  changes: Readonly<Record<string, C | null>>,
  apply: (old: T | undefined, change: C) => T,
): Record<string, T> {
  const after = new Map(Object.entries(before));
  for (const [name, change] of Object.entries(changes)) {
    if (change === null) after.delete(name);
    else after.set(name, apply(after.get(name), change));
  }
  return Object.fromEntries(after);
}
