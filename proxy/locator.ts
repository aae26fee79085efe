/** The Locator, put together: directory, membership, placement and moves, which decide where a key belongs. */
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import type { Log } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { EdgeSteering } from './admin/steering.ts';
import type { Directory } from './directory/directory.ts';
import { openDirectory } from './directory/open-directory.ts';
import { EdgeCalls } from './edge-calls.ts';
import { FrontDoorRoll } from './front-door-roll.ts';
import { openLimits } from './limits/open-limits.ts';
import type { Limits } from './limits/open-limits.ts';
import type { EdgeRequests } from './membership/control-server.ts';
import { probeAddress } from './membership/death-probe.ts';
import { EdgeLinks } from './membership/edge-links.ts';
import { PoolLicence } from './licence/pool-licence.ts';
import { LeasePromises } from './membership/lease-promises.ts';
import { MembershipSnapshot } from './membership/membership-snapshot.ts';
import { Membership } from './membership/membership.ts';
import type { EdgeMember } from './membership/pool.ts';
import { EdgePool } from './membership/pool.ts';
import { Repinner } from './membership/repinner.ts';
import { Reconciler } from './membership/reconciler.ts';
import { Drains } from './move/drains.ts';
import { HandoverCalls } from './move/handover-call.ts';
import { MoveGate } from './move/move-gate.ts';
import { Mover } from './move/mover.ts';
import { MetricsSetting } from './metrics-setting.ts';
import { OutagePlacement } from './outage-placement.ts';
import { Placer } from './placement.ts';
import { PoolSettings } from './pool-settings.ts';
import { RegionMap } from './region-map.ts';
import type { Reloads } from './reload/reloads.ts';
import { openTrust } from './upstream-trust.ts';
import type { UpstreamTrust } from './upstream-trust.ts';

/** Directory, membership and placement: what decides where a key belongs. */
export interface Locator {
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly membership: Membership;
  readonly placer: Placer;
  readonly outage: OutagePlacement;
  readonly snapshot: MembershipSnapshot;
  readonly gate: MoveGate;
  readonly links: EdgeLinks;
  readonly trust: UpstreamTrust;
  readonly calls: EdgeCalls;
  readonly mover: Mover;
  readonly drains: Drains;
  readonly reconciler: Reconciler;
  readonly regions: RegionMap;
  readonly steering: EdgeSteering;
  readonly limits: Limits;
  readonly metricsSetting: MetricsSetting;
  readonly licence: PoolLicence;
  readonly poolSettings: PoolSettings;
  readonly roll: FrontDoorRoll;
  readonly fleetViews: readonly { refresh(): Promise<void> }[];
  readonly metrics: Metrics;
  readonly secrets: FleetSecrets;
}

export async function openLocator(options: {
  settings: Settings;
  log: Log;
  joinToken: string;
  reloads: Reloads;
  signal: AbortSignal;
}): Promise<Locator> {
  const { settings, log, joinToken, reloads, signal } = options;
  const metrics = new Metrics('ct_proxy_');
  const secrets = deriveFleetSecrets(joinToken);
  // What follows is made of the directory, which may be met again as soon as it is open.
  let onMet = (): void => undefined;
  const directory = await openDirectory(settings, () => onMet());
  const pool = new EdgePool();
  const promises = new LeasePromises(nowMs);
  const links = new EdgeLinks();
  const snapshot = new MembershipSnapshot(directory);
  const shared = { directory, pool, promises, log, nowMs };
  const named = { ...shared, secrets, metrics };
  const licence = new PoolLicence({ ...shared, links, settings, metrics, wallMs: Date.now });
  licence.follow(reloads);
  const outage = new OutagePlacement({
    ...named,
    snapshot,
    links,
    random: Math.random,
    placesNewKeys: () => settings.CT_STORE_OUTAGE === 'hash',
  });
  const regions = new RegionMap(directory, log);
  const metricsSetting = new MetricsSetting({ directory, settings, log });
  const poolSettings = new PoolSettings({ directory, log });
  // Without its store a front door begins with no preference, and learns when it is back.
  const views = [regions, poolSettings, metricsSetting];
  await Promise.all(
    views.map(
      async (view) =>
        await view.refresh().catch((error: unknown) => log.error('directory.failed', { error })),
    ),
  );
  const steering = new EdgeSteering(shared);
  await steering.refresh().catch((error: unknown) => log.error('directory.failed', { error }));
  const regionOf = (address: string): string => regions.of(address);
  const limits = openLimits({ settings, log, metrics, signal });
  const placer = new Placer({ ...named, outage, regionOf, admitNewKey: limits.admitNewKey });
  const mayHaveGoneBack = (): boolean => outage.mayHaveGoneBack;
  const repinner = new Repinner({ ...named, placer, mayHaveGoneBack, random: Math.random, signal });
  const onLost = (edge: EdgeMember): void => repinner.begin(edge);
  const onRestored = (): void => onMet();
  const membership = new Membership({ ...shared, probe: probeAddress, onLost, onRestored, signal });
  const gate = new MoveGate(metrics);
  const trust = openTrust(settings);
  if (!trust.rejectUnauthorized) log.warn('certificates.ignored');
  const calls = new EdgeCalls(trust);
  const handover = new HandoverCalls(secrets.pass, async (...call) => await calls.request(...call));
  const mover = new Mover({ ...named, placer, gate, links, calls: handover });
  const drains = new Drains({ ...shared, placer, links, mover, signal });
  const reconciler = new Reconciler({ ...named, links });
  onMet = () => outage.noteMeeting(reconciler.requestAll());
  const roll = new FrontDoorRoll({ directory, nowMs });
  const steered = { drains, reconciler, regions, steering, metricsSetting, licence, poolSettings, roll };
  const fleetViews = [regions, metricsSetting, licence, poolSettings, roll];
  const decisions = { placer, outage, limits, snapshot, gate, mover, ...steered };
  return { directory, pool, membership, links, trust, calls, ...decisions, fleetViews, metrics, secrets };
}

export function edgeRequests(locator: Locator, log: Log): EdgeRequests {
  const { mover, drains, reconciler, licence, poolSettings } = locator;
  const tryTo = async (work: Promise<void>): Promise<void> =>
    await work.catch((error: unknown) => log.error('directory.failed', { error }));
  return {
    evacuate: async (edge, deadlineMs) => await tryTo(drains.evacuate(edge, deadlineMs)),
    onReport: (edge, report) => {
      drains.onReport(edge, report);
      if (report.isFirst) void reconciler.requestAll();
    },
    greet: (edge, tell) => licence.greet(edge, tell),
    claimSeats: async (edge, claim) => await licence.claim(edge, claim),
    rules: poolSettings.rules,
    giveBack: async (edge, sessions) => await tryTo(mover.giveBack(edge, sessions)),
  };
}

function nowMs(): number {
  return performance.now();
}
