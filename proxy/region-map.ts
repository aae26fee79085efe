/**
 * Regions of clients as all front doors of the fleet know them: kept in the directory, learnt within seconds, changed by
 * whoever has seen the newest. A store that does not answer leaves what is known.
 */
import { AppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import { Regions, regionFaults } from '#shared/regions.ts';
import type { RegionTable } from '#shared/regions.ts';
import type { Directory } from './directory/directory.ts';

const settingName = 'regions';
const triesMax = 5;

export class RegionMap {
  readonly #directory: Directory;
  readonly #log: Log;
  #version = 0;
  #value = '';
  #regions = new Regions({});

  constructor(directory: Directory, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  /** Of a client's address. */
  of(address: string): string {
    return this.#regions.of(address);
  }

  get table(): RegionTable {
    return this.#regions.table;
  }

  /** Rises with each change. */
  get version(): number {
    return this.#version;
  }

  /** Takes over what the directory has. */
  async refresh(): Promise<void> {
    const stored = await this.#directory.readFleetSetting(settingName);
    // A store that went back to an older copy gives a version twice.
    const isKnown = stored?.version === this.#version && stored.value === this.#value;
    if (stored === undefined || isKnown) return;
    const table = JSON.parse(stored.value) as RegionTable;
    // A newer program may know more than this one; what this one would misread it leaves alone.
    const faults = regionFaults(table);
    if (faults.length > 0) return this.#log.error('regions.refused', { version: stored.version, faults });
    this.#regions = new Regions(table);
    this.#version = stored.version;
    this.#value = stored.value;
  }

  /** Replaces the table. Throws `regions-invalid` with every fault, or `regions-changed` where `seen` is not the newest. */
  async replace(table: RegionTable, seen: number | undefined): Promise<void> {
    const faults = regionFaults(table);
    if (faults.length > 0) throw new AppError('regions-invalid', { params: faults });
    for (let tries = 0; tries < triesMax; tries++) {
      await this.refresh();
      const before = this.#regions.table;
      if (seen !== undefined && seen !== this.#version) throw new AppError('regions-changed');
      const value = JSON.stringify(table);
      if (!(await this.#directory.writeFleetSetting(settingName, value, this.#version))) continue;
      await this.refresh();
      const version = this.#version;
      const changes = changesOf(before, table);
      const set = Object.keys(changes.set).join(' ') || 'none';
      const detail = `version ${version}, set: ${set}, removed: ${changes.removed.join(' ') || 'none'}`;
      this.#log.info('regions.changed', { version, ...changes, audit: { subject: 'regions', detail } });
      return;
    }
    throw new AppError('regions-changed');
  }
}

/** For the audit: what was said of each region that is not as it was. */
function changesOf(before: RegionTable, after: RegionTable): { set: RegionTable; removed: string[] } {
  const isNew = ([name, cidrs]: [string, readonly string[]]): boolean =>
    JSON.stringify(before[name]) !== JSON.stringify(cidrs);
  return {
    set: Object.fromEntries(Object.entries(after).filter(isNew)),
    removed: Object.keys(before).filter((name) => after[name] === undefined),
  };
}
