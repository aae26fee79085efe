/** The admin API of the front door as far as it only reads: what `mooring status | edges | pins | where` show. */
import { AppError } from '#shared/errors.ts';
import type { AdminRoute } from '#shared/admin-server.ts';
import { parseAffinityKey } from '#shared/ids.ts';
import { version } from '#shared/version.ts';
import type { Directory } from './directory/directory.ts';
import type { EdgeLinks } from './membership/edge-links.ts';
import type { EdgePool } from './membership/pool.ts';
import { verifyOwners } from './membership/verifier.ts';
import type { Drains } from './move/drains.ts';

const pinsListedMax = 1_000;

interface AdminRouteOptions {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly nowMs: () => number;
  readonly drains: Drains;
  readonly links: EdgeLinks;
  readonly startedAtMs: number;
  readonly ports: () => Readonly<Record<string, number | undefined>>;
}

export function adminRoutes(options: AdminRouteOptions): Record<string, AdminRoute> {
  const { directory, pool, nowMs } = options;
  return {
    '/admin/status': async () => ({
      version,
      pid: process.pid,
      uptimeSeconds: Math.round((nowMs() - options.startedAtMs) / 1_000),
      ports: options.ports(),
      edges: pool.list(nowMs()).length,
      ready: pool.list(nowMs()).filter((edge) => edge.state === 'ready').length,
      pins: await directory.countPins(),
      drains: options.drains.views(),
    }),
    '/admin/edges': async () => {
      const rows = new Map((await directory.listEdges()).map((row) => [row.id, row]));
      const edges = pool.list(nowMs()).map((edge) => ({
        ...edge,
        // What it offers front doors is a secret between the two.
        handoff: undefined,
        pins: rows.get(edge.id)?.pins ?? 0,
      }));
      return { edges };
    },
    '/admin/pins': async (query) => {
      const limit = Number(query.get('limit') ?? 100);
      if (!Number.isInteger(limit) || limit < 1 || limit > pinsListedMax) throw new AppError('body-invalid');
      return { total: await directory.countPins(), pins: (await directory.listPins(limit)).map(showPin) };
    },
    '/admin/verify': async () => await verifyOwners(options),
    '/admin/where': async (query) => {
      const key = parseAffinityKey(query.get('key') ?? '');
      if (key === undefined) throw new AppError('key-invalid');
      const pin = await directory.findPin(key);
      if (pin === undefined) throw new AppError('session-not-found');
      return showPin(pin);
    },
  };
}

function showPin(pin: Awaited<ReturnType<Directory['listPins']>>[number]): object {
  const { key, owner, epoch, state, address, ownerIsOver } = pin;
  return { key, edge: owner.id, incarnation: owner.incarnation, epoch, state, address, ownerIsOver };
}
