/**
 * What administrators want of edges over restarts: maintenance and weights, by the edge's name. Kept in the directory, learnt by
 * every front door within seconds. That an edge takes no new keys stands in its own row, too, so that no front door can place one.
 */
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import type { EdgeId } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Directory } from '../directory/directory.ts';
import { parseStored } from '../directory/stored-json.ts';
import type { EdgePool, PoolEdge, Steering } from '../membership/pool.ts';

interface SteeringOptions {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly log: Log;
  readonly nowMs: () => number;
}

const settingName = 'steering';
const triesMax = 5;

const steeringSchema = z.record(
  z.string(),
  z.object({
    weight: z.number().int().min(1).max(1_000).optional(),
    isInMaintenance: z.boolean().optional(),
  }),
);

export class EdgeSteering {
  readonly #options: SteeringOptions;
  #version = 0;
  #value = '{}';
  /** One line for each. */
  #refusedVersion = 0;
  /** What is stored now. */
  #isReadable = true;
  #wanted = new Map<EdgeId, Steering>();

  constructor(options: SteeringOptions) {
    this.#options = options;
  }

  /** Takes over what the directory has, and says it to the rows of edges that have come since. */
  async refresh(): Promise<void> {
    await this.#read();
    for (const edge of this.#options.pool.list(this.#options.nowMs()))
      if (edge.hold !== undefined && edge.state !== 'gone') await this.#options.directory.markDraining(edge);
  }

  /** Throws `edge-unknown`. Resolves with what was before. */
  async setMaintenance(id: EdgeId, on: boolean): Promise<boolean> {
    const edge = this.#find(id);
    const before = await this.#change(id, ({ weight }) => ({ weight, isInMaintenance: on || undefined }));
    const { directory, pool } = this.#options;
    if (on) await directory.markDraining(edge);
    else if (pool.holdOf(id) === undefined && edge.state !== 'draining') await directory.markUp(edge);
    return before?.isInMaintenance === true;
  }

  /** Null gives the edge back the weight of its own. Throws `edge-unknown`. Resolves with the weight before and now. */
  async setWeight(id: EdgeId, weight: number | null): Promise<{ before: number; now: number }> {
    const before = this.#find(id).weight;
    await this.#change(id, ({ isInMaintenance }) => ({ isInMaintenance, weight: weight ?? undefined }));
    return { before, now: this.#find(id).weight };
  }

  async #change(id: EdgeId, edit: (before: Steering) => Steering): Promise<Steering | undefined> {
    for (let tries = 0; tries < triesMax; tries++) {
      await this.#read();
      if (!this.#isReadable) throw new AppError('stored-unreadable');
      const before = this.#wanted.get(id);
      const table = Object.fromEntries(this.#wanted);
      table[id] = edit(before ?? {});
      if (Object.values(table[id]).every((value) => value === undefined)) delete table[id];
      const value = JSON.stringify(table);
      if (!(await this.#options.directory.writeFleetSetting(settingName, value, this.#version))) continue;
      await this.#read();
      return before;
    }
    throw new AppError('steering-changed');
  }

  async #read(): Promise<void> {
    const stored = await this.#options.directory.readFleetSetting(settingName);
    this.#isReadable = true;
    // A store that went back to an older copy gives a version twice.
    if (stored === undefined || (stored.version === this.#version && stored.value === this.#value)) return;
    const content = parseStored(stored.value);
    const parsed = steeringSchema.safeParse(content);
    // A newer program may know more than this one; what this one would misread it leaves alone.
    if (!parsed.success) {
      if (stored.version !== this.#refusedVersion)
        this.#options.log.error('steering.refused', { version: stored.version, error: parsed.error });
      this.#refusedVersion = stored.version;
      this.#isReadable = content === undefined;
      // Nobody's program wrote it: whoever sets it anew may.
      if (content === undefined) this.#version = stored.version;
      return;
    }
    this.#wanted = new Map(Object.entries(parsed.data) as [EdgeId, Steering][]);
    this.#version = stored.version;
    this.#value = stored.value;
    this.#options.pool.steer(this.#wanted);
  }

  #find(id: EdgeId): PoolEdge {
    const edge = this.#options.pool.list(this.#options.nowMs()).find((known) => known.id === id);
    if (edge === undefined) throw new AppError('edge-unknown');
    return edge;
  }
}
