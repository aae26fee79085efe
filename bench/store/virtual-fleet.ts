/** Edges that are nothing but rows and leases: who places keys onto them needs no more. */
import { parseEdgeId } from '#shared/ids.ts';
import type { EdgeLoad } from '#shared/control-protocol.ts';
import { timing } from '#shared/timing.ts';
import type { Directory, EdgeRef, EdgeRow } from '../../proxy/directory/directory.ts';
import type { EdgePool, EdgeState } from '../../proxy/membership/pool.ts';
import type { Random } from '../random.ts';

export const virtualEdgeCount = 100;

const idle: EdgeLoad = {
  sessions: 0,
  members: 0,
  sockets: { websocket: 0, polling: 0 },
  messagesPerSecond: 0,
  bytesPerSecond: 0,
  eventLoopDelayMs: { p50: 0, p99: 0, max: 0 },
  eventLoopUtilisation: 0,
  rssBytes: 0,
  heapUsedBytes: 0,
  outboxBytes: 0,
};

export class VirtualFleet {
  readonly #directory: Directory;
  readonly #edges: EdgeRef[] = [];
  readonly #boots: number[] = [];
  readonly #draining = new Set<number>();
  readonly #renewing: NodeJS.Timeout;
  /** `id:incarnation` of all that ended. */
  readonly ended = new Set<string>();

  private constructor(directory: Directory) {
    this.#directory = directory;
    this.#renewing = setInterval(() => void this.#renew(), timing.reportIntervalMs);
  }

  static async start(directory: Directory): Promise<VirtualFleet> {
    const fleet = new VirtualFleet(directory);
    for (let i = 0; i < virtualEdgeCount; i++) await fleet.#boot(i);
    return fleet;
  }

  /** One edge, by chance, begins a new boot, drains, or takes keys again. */
  async change(random: Random): Promise<void> {
    const i = Math.floor(random.next() * virtualEdgeCount);
    const edge = this.#edges[i]!;
    if (this.#draining.delete(i)) return await this.#directory.markUp(edge);
    if (random.next() < 0.5) {
      this.#draining.add(i);
      return await this.#directory.markDraining(edge);
    }
    await this.#directory.markGone(edge);
    this.ended.add(`${edge.id}:${edge.incarnation}`);
    await this.#boot(i);
  }

  stop(): void {
    clearInterval(this.#renewing);
  }

  async #boot(i: number): Promise<void> {
    const id = parseEdgeId(`edge-${i}`)!;
    const boot = (this.#boots[i] ?? 0) + 1;
    this.#boots[i] = boot;
    const address = `http://edge-${i}.test:3001`;
    const registration = { id, kind: 'edge', bootId: `boot-${boot}-of-${i}`, address, weight: 100 } as const;
    this.#edges[i] = { id, incarnation: await this.#directory.registerEdge(registration) };
  }

  async #renew(): Promise<void> {
    await this.#directory.attend().catch(() => undefined);
    for (const edge of this.#edges) await this.#directory.renewLease(edge).catch(() => undefined);
  }
}

/** A front door's view of the edges, made from the directory alone. */
export function followRows(pool: EdgePool, rows: readonly EdgeRow[]): void {
  const known = new Map(pool.list(0).map((edge) => [edge.id, edge.incarnation]));
  for (const row of rows) {
    const { id, incarnation, kind, address, weight, state } = row;
    if (known.get(id) !== incarnation) {
      const member = { id, incarnation, kind, address, weight, sessionsMax: 1_000_000 };
      pool.join({ ...member, version: '', adminAddress: '', joinedAtMs: -1e9 }, 'ready');
    }
    const states: Readonly<Record<EdgeRow['state'], EdgeState>> = {
      up: 'ready',
      draining: 'draining',
      gone: 'suspect',
    };
    pool.report({ id, incarnation }, { state: states[state], load: idle, lastEpoch: Infinity });
  }
}
