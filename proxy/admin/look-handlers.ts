/** The admin API as far as it only looks: what `mooring status | edges | pins | where | verify` show. */
import { AppError } from '#shared/errors.ts';
import type { EdgeId } from '#shared/ids.ts';
import { readWorker } from '#shared/siblings.ts';
import { version } from '#shared/version.ts';
import type { Directory, Pin } from '../directory/directory.ts';
import type { FrontDoorRoll } from '../front-door-roll.ts';
import type { EdgeLinks } from '../membership/edge-links.ts';
import type { EdgePool, PoolEdge } from '../membership/pool.ts';
import { verifyOwners } from '../membership/verifier.ts';
import type { Drains } from '../move/drains.ts';
import type { AdminTable } from './admin-table.ts';
import { requireEdgeId, requireKey } from './given-ids.ts';
import { renderOpenApi } from './openapi.ts';
import type { Handlers } from './operation.ts';

const pinsListed = 100;

interface LookOptions {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly nowMs: () => number;
  readonly drains: Drains;
  readonly links: EdgeLinks;
  readonly roll: FrontDoorRoll;
  readonly startedAtMs: number;
  readonly ports: () => Readonly<Record<string, number | undefined>>;
}

type Looks = Handlers<
  AdminTable,
  'document' | 'status' | 'edges' | 'pins' | 'where' | 'verify' | 'drains' | 'scrapeTargets'
>;

export function lookHandlers(options: LookOptions): Looks {
  const { directory, pool, nowMs, drains, roll } = options;
  /** Long to make, and seldom asked for. */
  let document: ReturnType<typeof renderOpenApi> | undefined;
  const { number, of } = readWorker();
  return {
    document: () => (document ??= renderOpenApi()),
    status: async () => {
      const edges = pool.list(nowMs());
      return {
        version,
        pid: process.pid,
        worker: `${number} of ${of}`,
        frontDoors: roll.doors.map((door) => ({ ...door, isThis: roll.isThis(door) })),
        uptimeSeconds: Math.round((nowMs() - options.startedAtMs) / 1_000),
        ports: options.ports(),
        edges: edges.length,
        ready: edges.filter((edge) => edge.state === 'ready' && edge.hold === undefined).length,
        pins: await directory.countPins(),
        held: edges.filter((edge) => edge.state === 'ready' && edge.hold !== undefined).length,
        drains: drains.views(),
      };
    },
    edges: async () => {
      const counts = await directory.countPinsByEdge();
      return { edges: pool.list(nowMs()).map((edge) => showEdge(edge, counts.get(edge.id) ?? 0)) };
    },
    pins: async ({ query: { limit = pinsListed, edge } }) => {
      const [rows, counts] = await Promise.all([directory.listEdges(), directory.countPinsByEdge()]);
      const byEdge = Object.fromEntries(rows.map(({ id }) => [id, counts.get(id) ?? 0]));
      const pins =
        edge === undefined
          ? await directory.listPins(limit)
          : await listOfEdge(options, requireEdgeId(edge), limit);
      return { total: await directory.countPins(), byEdge, pins: pins.map(showPin) };
    },
    where: async ({ query }) => {
      const pin = await directory.findPin(requireKey(query.key));
      if (pin === undefined) throw new AppError('session-not-found');
      return showPin(pin);
    },
    verify: async () => await verifyOwners(options),
    drains: () => ({ drains: drains.views() }),
    scrapeTargets: () =>
      pool
        .list(nowMs())
        .filter(({ state, adminAddress }) => state !== 'gone' && adminAddress !== '')
        .map(({ id, adminAddress }) => ({ targets: [new URL(adminAddress).host], labels: { edge: id } })),
  };
}

async function listOfEdge(
  { directory, pool, nowMs }: LookOptions,
  id: EdgeId,
  limit: number,
): Promise<readonly Pin[]> {
  const edge = pool.list(nowMs()).find((known) => known.id === id);
  if (edge === undefined) throw new AppError('edge-unknown');
  return await directory.listLivePins(edge, '', limit);
}

type EdgeView = Awaited<ReturnType<Looks['edges']>>['edges'][number];

function showEdge(edge: PoolEdge, pins: number): EdgeView {
  const { id, kind, state, hold, incarnation, weight, ownWeight, score, sessionsMax, load } = edge;
  const { version, region, address, adminAddress, publicUrl, breaker, failures, latencyMs } = edge;
  return {
    id,
    kind,
    // One that is held takes no new keys however well it is.
    state: hold !== undefined && state === 'ready' ? hold : state,
    incarnation,
    weight,
    weightOfItsOwn: ownWeight,
    pins,
    score,
    breaker,
    failures,
    latencyMs,
    sessionsMax,
    version,
    region,
    address,
    adminAddress,
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(load === undefined ? {} : { load }),
  };
}

type PinView = Awaited<ReturnType<Looks['where']>>;

function showPin(pin: Pin): PinView {
  const { key, owner, epoch, state, address, ownerIsOver } = pin;
  return { key, edge: owner.id, incarnation: owner.incarnation, epoch, state, address, ownerIsOver };
}
