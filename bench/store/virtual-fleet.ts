/** Edges that are nothing but rows and leases: who places keys onto them needs no more. */
import { parseEdgeId } from '#shared/ids.ts';
import { timing } from '#shared/timing.ts';
import type { Directory, EdgeRef, EdgeRow } from '../../proxy/directory/directory.ts';
import type { EdgePool, EdgeState } from '../../proxy/membership/pool.ts';
import { noLoad } from '../../test/support/no-load.ts';
import type { Random } from '../random.ts';

export const virtualEdgeCount = 100;

export class VirtualFleet {
  readonly #directory: Directory;
  readonly #edges: EdgeRef[] = [];
  readonly #boots: number[] = [];
  readonly #draining = new Set<number>();
  /** About to begin a new boot. */
  readonly #changing = new Set<number>();
  readonly #renewing: NodeJS.Timeout;
  /** When each had its lease for the last time, in milliseconds by the index of the edge. */
  readonly #renewedAtMs: number[] = [];
  /** `id:incarnation` of all that ended, and the earliest moment at which that may have been, in epoch milliseconds. */
  readonly ended = new Map<string, number>();
  /** Edges that the machine was too busy to renew in time. */
  lapsed = 0;

  private constructor(directory: Directory) {
    this.#directory = directory;
    this.#renewing = setInterval(
      () => void this.#renew().catch((error: unknown) => console.log(`renewals failed: ${String(error)}`)),
      timing.reportIntervalMs,
    );
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
    const endedAtMs = Date.now();
    await this.#directory.markGone(edge);
    await this.#end(i, endedAtMs);
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
    const known = this.#edges[i]?.incarnation ?? 0;
    const incarnation = await this.#directory.registerEdge(registration);
    // Those whose registration happened, although the store did not say so in time.
    for (let unknown = known + 1; unknown < incarnation; unknown++)
      this.ended.set(`${id}:${unknown}`, this.#renewedAtMs[i] ?? 0);
    this.#renewedAtMs[i] = Date.now();
    this.#edges[i] = { id, incarnation };
  }

  /** As the edges would, each by itself; one whose lease has lapsed begins a new boot. */
  async #renew(): Promise<void> {
    await this.#directory.attend();
    await Promise.all(
      this.#edges.map(async (edge, i) => {
        if (this.#changing.has(i)) return;
        const askedAtMs = Date.now();
        if (await this.#directory.renewLease(edge)) return void (this.#renewedAtMs[i] = askedAtMs);
        if (this.#edges[i] !== edge || this.#changing.has(i)) return;
        this.lapsed++;
        await this.#end(i, this.#renewedAtMs[i]!);
      }),
    );
  }

  async #end(i: number, endedAtMs: number): Promise<void> {
    const { id, incarnation } = this.#edges[i]!;
    this.#changing.add(i);
    const name = `${id}:${incarnation}`;
    this.ended.set(name, Math.min(endedAtMs, this.ended.get(name) ?? Infinity));
    this.#draining.delete(i);
    try {
      await this.#boot(i);
    } finally {
      this.#changing.delete(i);
    }
  }
}

/** A front door's view of the edges, made from the directory alone. */
export function followRows(pool: EdgePool, rows: readonly EdgeRow[]): void {
  const known = new Map(pool.list(0).map((edge) => [edge.id, edge.incarnation]));
  for (const row of rows) {
    const { id, incarnation, kind, address, weight, state } = row;
    if (known.get(id) !== incarnation) {
      const member = { id, incarnation, kind, address, weight, sessionsMax: 1_000_000 };
      pool.join({ ...member, version: '', adminAddress: '', region: 'default', joinedAtMs: -1e9 }, 'ready');
    }
    const states: Readonly<Record<EdgeRow['state'], EdgeState>> = {
      up: 'ready',
      draining: 'draining',
      gone: 'suspect',
    };
    pool.report({ id, incarnation }, { state: states[state], load: noLoad, lastEpoch: Infinity });
  }
}
