/** What a front door does by itself at intervals, until it stops: each chore is one loop. */
import { setInterval as every, setTimeout as sleep } from 'node:timers/promises';
import type { AffinityKey } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import { timing } from '#shared/timing.ts';
import type { EdgeSteering } from './admin/steering.ts';
import type { Directory } from './directory/directory.ts';
import { isStoreFailure } from './directory/store-failure.ts';
import type { MembershipSnapshot } from './membership/membership-snapshot.ts';
import type { EdgePool } from './membership/pool.ts';
import type { Reconciler } from './membership/reconciler.ts';
import type { OutagePlacement } from './outage-placement.ts';
import { sweepIdlePins } from './pin-sweep.ts';
import type { Placer } from './placement.ts';
import type { FrontServer } from './server.ts';
import type { Settler } from './settle.ts';
import type { StaticActivity } from './static-activity.ts';
import type { Upstreams } from './wire/upstreams.ts';

const activityFlushMs = 1_000;
const retiredLookMs = 1_000;
/** Clients whose connections a retired front door has to end come back over this time, not all at once. */
const partSpreadMs = 10_000;
/** Longer than one of them takes. */
const partMaxMs = 5_000;
/** Under way at a time. */
const attendsMax = 3;
/** A change that another front door made is known after this. */
const settingsIntervalMs = 2_000;
const steeringIntervalMs = 1_000;
const settleIntervalMs = 100;
/** Changes that other front doors made and no report showed are read with this delay. */
const snapshotIntervalMs = 10_000;
/** What belongs to one change of an edge comes within this. */
const snapshotPauseMs = 200;

type HearSwept = (keys: readonly AffinityKey[]) => Promise<void>;

interface FleetView {
  refresh(): Promise<void>;
}

/** Starts all of them; each ends when the signal aborts. */
export function startChores(options: {
  directory: Directory;
  pool: EdgePool;
  placer: Placer;
  outage: OutagePlacement;
  snapshot: MembershipSnapshot;
  upstreams: Upstreams;
  activity: StaticActivity | undefined;
  reconciler: Reconciler;
  reconcileIntervalMs: number;
  steering: EdgeSteering | undefined;
  /** Hears of keys whose pins were removed. */
  onSwept?: HearSwept;
  /** Settings of the fleet, which others change. */
  fleetViews: readonly FleetView[];
  metrics: Metrics;
  log: Log;
  signal: AbortSignal;
}): void {
  const { directory, pool, placer, upstreams, activity, reconciler, log, signal } = options;
  void followMembership(pool, upstreams, signal);
  void attendDirectory({ directory, outage: options.outage, log, signal });
  void repeat(
    options.reconcileIntervalMs,
    { directory, log, signal },
    async () => await reconciler.requestAll(),
  );
  void repeat(steeringIntervalMs, { directory, log, signal }, async () => await options.steering?.refresh());
  for (const view of options.fleetViews)
    void repeat(settingsIntervalMs, { directory, log, signal }, async () => await view.refresh());
  void sweepPins({ directory, placer, onSwept: options.onSwept, log, signal });
  void followSnapshot({ directory, pool, snapshot: options.snapshot, metrics: options.metrics, log, signal });
  void repeat(settleIntervalMs, { directory, log, signal }, async () => await options.outage.settleAll());
  if (activity !== undefined) void flushActivity({ activity, directory, log, signal });
}

/**
 * A successor has taken over. Resolves with the reason to end: the last exchange has ended, or the time is over.
 * Until then the directory alone tells whose edge is over, as no edge reports here any more.
 */
export async function endRetired(options: {
  directory: Directory;
  pool: EdgePool;
  upstreams: Upstreams;
  settler: Settler;
  front: FrontServer;
  log: Log;
  maxMs: number;
}): Promise<string> {
  const { directory, pool, upstreams, settler, front, log, maxMs } = options;
  const ending = new AbortController();
  void repeat(retiredLookMs, { directory, log, signal: ending.signal }, async () => {
    for (const edge of pool.list(performance.now())) {
      if (await directory.isOver(edge)) pool.leave(edge);
    }
    upstreams.follow(pool.list(performance.now()));
  });
  const deadline = AbortSignal.timeout(maxMs);
  await front.emptied(deadline);
  await settler.idle(deadline);
  if (deadline.aborted) {
    upstreams.part(partSpreadMs, Math.random);
    await settler.idle(AbortSignal.timeout(partSpreadMs + partMaxMs));
  }
  ending.abort();
  return deadline.aborted ? 'retired, time is over' : 'retired, nothing is left';
}

/** Connections to addresses that no edge has any more are given up. */
async function followMembership(pool: EdgePool, upstreams: Upstreams, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pool.nextChange(signal);
    if (!signal.aborted) upstreams.follow(pool.list(performance.now()));
  }
}

interface Chore {
  readonly directory: Directory;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Removes pins whose sessions ended long ago. */
async function sweepPins(chore: Chore & { placer: Placer; onSwept: HearSwept | undefined }): Promise<void> {
  await repeat(timing.pinSweepIntervalMs, chore, async () => {
    const hear = async (keys: readonly AffinityKey[]): Promise<void> => {
      chore.placer.forget(keys);
      if (keys.length > 0) chore.log.info('pins.swept', { pins: keys.length });
      await chore.onSwept?.(keys);
    };
    await sweepIdlePins(chore.directory, hear, chore.signal);
  });
}

/** The members as the store has them, read after each change that is seen here and now and then without one. */
async function followSnapshot(
  chore: Chore & { pool: EdgePool; snapshot: MembershipSnapshot; metrics: Metrics },
): Promise<void> {
  const { pool, snapshot, metrics, log, signal } = chore;
  while (!signal.aborted) {
    const changed = pool.nextChange(AbortSignal.timeout(snapshotIntervalMs));
    await snapshot.refresh().catch((error: unknown) => log.debug('directory.failed', { error }));
    metrics.set('ct_proxy_outage_members', snapshot.members.length);
    await changed;
    await sleep(snapshotPauseMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/**
 * Says that renewals are taken here, also where no edge sends any. Does not wait for a call that is held up on its way: the store
 * may be back, and a later one be answered before it.
 */
async function attendDirectory(chore: Chore & { outage: OutagePlacement }): Promise<void> {
  const { directory, outage, log } = chore;
  let underWay = 0;
  let answeredAtMs = -Infinity;
  const attend = async (): Promise<void> => {
    const beganAtMs = performance.now();
    underWay++;
    try {
      await directory.attend();
      answeredAtMs = performance.now();
      outage.noteAnswer();
    } catch (error) {
      log.error('directory.failed', { error });
      if (isStoreFailure(error) && beganAtMs >= answeredAtMs) outage.noteFailure();
    } finally {
      underWay--;
    }
  };
  await repeat(timing.attendIntervalMs, chore, () => {
    if (underWay < attendsMax) void attend();
  });
}

async function flushActivity(chore: Chore & { activity: StaticActivity }): Promise<void> {
  await repeat(activityFlushMs, chore, async () => await chore.activity.flush(chore.directory));
}

/** Does a chore at an interval until the process stops; a failure is logged and tried again. */
async function repeat(intervalMs: number, chore: Chore, work: () => Promise<void> | void): Promise<void> {
  try {
    for await (const _ of every(intervalMs, undefined, { signal: chore.signal, ref: false })) {
      try {
        await work();
      } catch (error) {
        chore.log.error('directory.failed', { error });
      }
    }
  } catch (error) {
    if (!chore.signal.aborted) throw error;
  }
}
