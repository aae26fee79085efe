/** The admin API for regions: what `mooring regions` asks for. */
import { defaultRegion } from '#shared/regions.ts';
import type { EdgePool } from '../membership/pool.ts';
import type { RegionMap } from '../region-map.ts';
import type { AdminTable } from './admin-table.ts';
import type { Handlers } from './operation.ts';

interface RegionOptions {
  readonly regions: RegionMap;
  readonly pool: EdgePool;
}

type Regions = Handlers<AdminTable, 'regions' | 'setRegions'>;

export function regionHandlers(options: RegionOptions): Regions {
  const { regions } = options;
  return {
    regions: async () => {
      // What is changed next has to be the newest.
      await regions.refresh();
      return show(options);
    },
    setRegions: async ({ body, note }) => {
      note({ subject: 'regions', before: `version ${regions.version}` });
      await regions.replace(body.regions, body.version);
      note({ after: `version ${regions.version}` });
      return show(options);
    },
  };
}

/** Every region that has CIDRs or edges. */
function show({ regions, pool }: RegionOptions): Awaited<ReturnType<Regions['regions']>> {
  const edges = pool.list(performance.now());
  const names = new Set([...Object.keys(regions.table), ...edges.map(({ region }) => region), defaultRegion]);
  return {
    version: regions.version,
    regions: [...names].toSorted().map((name) => ({
      name,
      cidrs: regions.table[name] ?? [],
      edges: edges.filter(({ region }) => region === name).map(({ id, state }) => ({ id, state })),
      sessions: edges
        .filter(({ region }) => region === name)
        .reduce((sum, { load }) => sum + (load?.sessions ?? 0), 0),
    })),
  };
}
