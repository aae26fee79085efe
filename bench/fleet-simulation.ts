/**
 * A fleet in memory: front doors with the product's own pool, rank and choice place new sessions on edges
 * whose reports are late, and every new session ends an old one. Measures how even the load stays.
 */
import type { EdgeLoad } from '#shared/control-protocol.ts';
import type { AffinityKey, EdgeId, Epoch, Incarnation } from '#shared/ids.ts';
import { chooseEdge } from '../proxy/core/choose-edge.ts';
import type { Candidate } from '../proxy/core/choose-edge.ts';
import { hashEdgeId, hashKey } from '../proxy/core/rank.ts';
import { EdgePool } from '../proxy/membership/pool.ts';
import { noLoad } from '../test/support/no-load.ts';
import { Random } from './random.ts';

export interface FleetPlan {
  /** `hash` takes the first by rank and knows nothing of load. */
  readonly policy: 'hash' | 'mooring';
  /** Members of a new session. */
  readonly drawMembers: (random: Random) => number;
  readonly placements: number;
}

export interface Balance {
  /** Most loaded edge to mean, averaged over time. */
  readonly maxToMean: number;
  readonly peakMaxToMean: number;
  /** Share of new keys for which another front door would have chosen another edge at that moment. */
  readonly disagreement: number;
}

export const edgeCount = 100;
export const frontDoorCount = 4;
export const liveSessions = 50_000;
/** Reports are taken this often and come as much later: what a front door knows is 1,000 to 2,000 old. */
const reportEveryPlacements = 1_000;
/** One placement a millisecond, so that reports come at the product's own pace. */
const placementMs = 1;
const disagreementEvery = 10;

interface Session {
  readonly edge: SimulatedEdge;
  readonly members: number;
}

interface Report {
  readonly edge: SimulatedEdge;
  readonly load: EdgeLoad;
  readonly lastEpoch: number;
}

class SimulatedEdge implements Candidate {
  readonly id: EdgeId;
  readonly hash: number;
  readonly incarnation = 1 as Incarnation;
  readonly weight = 100;
  /** As a candidate of the plain hash: always the same. */
  readonly load = 0;
  sessions = 0;
  members = 0;

  constructor(number: number) {
    this.id = `edge-${number}` as EdgeId;
    this.hash = hashEdgeId(this.id);
  }
}

export function createEdges(count: number): SimulatedEdge[] {
  return Array.from({ length: count }, (_, number) => new SimulatedEdge(number));
}

export function hashSimulatedKey(number: number): ReturnType<typeof hashKey> {
  return hashKey('the secret of a simulated fleet', `key-${number}` as AffinityKey);
}

export function simulateFleet(plan: FleetPlan): Balance {
  const fleet = new Fleet(plan);
  const ratios: number[] = [];
  let asked = 0;
  let disagreed = 0;
  for (let epoch = 1; epoch <= plan.placements; epoch++) {
    if (epoch % reportEveryPlacements === 0) fleet.exchangeReports(epoch);
    // Two generations of sessions until the start no longer shows.
    const isWarm = epoch > 2 * liveSessions;
    if (isWarm && epoch % disagreementEvery === 0) {
      asked++;
      if (fleet.wouldDisagree(epoch)) disagreed++;
    }
    fleet.place(epoch);
    if (isWarm && epoch % reportEveryPlacements === 0) ratios.push(fleet.maxToMean());
  }
  const total = ratios.reduce((sum, ratio) => sum + ratio, 0);
  return {
    maxToMean: total / ratios.length,
    peakMaxToMean: Math.max(...ratios),
    disagreement: disagreed / asked,
  };
}

class Fleet {
  readonly #plan: FleetPlan;
  readonly #random = new Random(1);
  readonly #edges = createEdges(edgeCount);
  readonly #edgeById = new Map(this.#edges.map((edge) => [edge.id, edge]));
  readonly #frontDoors = Array.from({ length: frontDoorCount }, () => this.#createPool());
  readonly #sessions: Session[] = [];
  #reportsUnderWay: Report[] = [];

  constructor(plan: FleetPlan) {
    this.#plan = plan;
  }

  /** A new session at some front door; in a full fleet an old one ends. The epoch numbers the key too. */
  place(epoch: number): void {
    const frontDoor = this.#frontDoors[this.#random.integer(frontDoorCount)]!;
    const edge = this.#choose(frontDoor, epoch);
    const pin = { key: `key-${epoch}` as AffinityKey, epoch: epoch as Epoch };
    frontDoor.notePlacement(edge, pin, epoch * placementMs);
    const members = this.#plan.drawMembers(this.#random);
    edge.sessions++;
    edge.members += members;
    if (this.#sessions.length < liveSessions) {
      this.#sessions.push({ edge, members });
      return;
    }
    const ending = this.#random.integer(liveSessions);
    const ended = this.#sessions[ending]!;
    ended.edge.sessions--;
    ended.edge.members -= ended.members;
    this.#sessions[ending] = { edge, members };
  }

  /** Delivers the last reports to every front door and takes new ones. */
  exchangeReports(lastEpoch: number): void {
    for (const { edge, ...report } of this.#reportsUnderWay) {
      for (const frontDoor of this.#frontDoors) frontDoor.report(edge, { state: 'ready', ...report });
    }
    this.#reportsUnderWay = this.#edges.map((edge) => ({
      edge,
      load: { ...noLoad, sessions: edge.sessions, members: edge.members },
      lastEpoch: lastEpoch - 1,
    }));
  }

  wouldDisagree(epoch: number): boolean {
    const [one, other] = this.#frontDoors;
    return this.#choose(one!, epoch) !== this.#choose(other!, epoch);
  }

  maxToMean(): number {
    const members = this.#edges.map((edge) => edge.members);
    return (Math.max(...members) * edgeCount) / members.reduce((sum, count) => sum + count, 0);
  }

  #choose(frontDoor: EdgePool, epoch: number): SimulatedEdge {
    const key = hashSimulatedKey(epoch);
    if (this.#plan.policy === 'hash') return chooseEdge(key, this.#edges)!;
    const chosen = chooseEdge(key, frontDoor.candidates(epoch * placementMs, new Set()));
    return this.#edgeById.get(chosen!.id)!;
  }

  #createPool(): EdgePool {
    const pool = new EdgePool();
    for (const { id, incarnation, weight } of this.#edges) {
      const member = {
        id,
        incarnation,
        weight,
        kind: 'edge',
        address: '',
        adminAddress: '',
        region: 'default',
        version: '',
      } as const;
      // Joined long ago: no slow start.
      pool.join({ ...member, sessionsMax: liveSessions, joinedAtMs: -60_000 }, 'ready');
    }
    return pool;
  }
}
