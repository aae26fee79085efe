/**
 * Regions of clients as all front doors of the fleet know them.
 */
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import { Regions, regionFaults } from '#shared/regions.ts';
import type { RegionTable } from '#shared/regions.ts';
import type { Directory } from './directory/directory.ts';
import { FleetSetting } from './fleet-setting.ts';

const storedSchema = z.record(z.string(), z.array(z.string()));

export class RegionMap {
  readonly #log: Log;
  readonly #setting: FleetSetting<Regions>;

  constructor(directory: Directory, log: Log) {
    this.#log = log;
    this.#setting = new FleetSetting({
      directory,
      name: 'regions',
      initial: new Regions({}),
      changedCode: 'regions-changed',
      parse: (stored) => {
        const table = storedSchema.safeParse(stored).data;
        return table === undefined || regionFaults(table).length > 0 ? undefined : new Regions(table);
      },
      onRefused: (version) => log.error('regions.refused', { version }),
    });
  }

  /** Of a client's address. */
  of(address: string): string {
    return this.#setting.value.of(address);
  }

  get table(): RegionTable {
    return this.#setting.value.table;
  }

  /** Rises with each change. */
  get version(): number {
    return this.#setting.version;
  }

  /** Takes over what the directory has. */
  async refresh(): Promise<void> {
    await this.#setting.refresh();
  }

  /** Replaces the table. Throws `regions-invalid` with every fault, or `regions-changed` where `seen` is not the newest. */
  async replace(table: RegionTable, seen: number | undefined): Promise<void> {
    const faults = regionFaults(table);
    if (faults.length > 0) throw new AppError('regions-invalid', { params: faults });
    const before = await this.#setting.replace(table, seen);
    const { version } = this;
    const changes = changesOf(before.table, table);
    const set = Object.keys(changes.set).join(' ') || 'none';
    const detail = `version ${version}, set: ${set}, removed: ${changes.removed.join(' ') || 'none'}`;
    this.#log.info('regions.changed', { version, ...changes, audit: { subject: 'regions', detail } });
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
