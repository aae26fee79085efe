/** The admin API for regions: what `mooring regions` asks for. */
import { z } from 'zod';
import type { AdminAction, AdminRoute } from '#shared/admin-server.ts';
import { defaultRegion } from '#shared/regions.ts';
import { parseBody } from './admin-body.ts';
import type { EdgePool } from './membership/pool.ts';
import type { RegionMap } from './region-map.ts';

interface RegionRoutesOptions {
  readonly regions: RegionMap;
  readonly pool: EdgePool;
}

const tableSchema = z.object({
  /** As it was read; without it the table is replaced whatever it is. */
  version: z.number().int().nonnegative().optional(),
  regions: z.record(z.string().max(256), z.array(z.string().max(256))),
});

export function regionRoutes(options: RegionRoutesOptions): Record<string, AdminRoute> {
  return {
    '/admin/regions': async () => {
      // What is changed next has to be the newest.
      await options.regions.refresh();
      return show(options);
    },
  };
}

/** Answers `PUT`. */
export function regionChanges(options: RegionRoutesOptions): Record<string, AdminAction> {
  return {
    '/admin/regions': async (body) => {
      const { version, regions } = parseBody(tableSchema, body);
      await options.regions.replace(regions, version);
      return show(options);
    },
  };
}

/** Every region that has CIDRs or edges. */
function show({ regions, pool }: RegionRoutesOptions): object {
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
