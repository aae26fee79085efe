/**
 * A process of a front door: the product's own Locator, joined as `proxy/main.ts` joins it, and its exchanges, on wires
 * and a directory of the simulation.
 */
import type { WebSocket } from 'ws';
import type { AffinityKey, EdgeId } from '#shared/ids.ts';
import { silentLog } from '#shared/log.ts';
import { timing } from '#shared/timing.ts';
import type { Log } from '#shared/log.ts';
import { startChores } from '../../proxy/chores.ts';
import { NetworkList } from '#shared/network-list.ts';
import type { Directory } from '../../proxy/directory/directory.ts';
import { AddressTable } from '../../proxy/limits/address-table.ts';
import { ArrivalRules } from '../../proxy/limits/arrival-rules.ts';
import { LimitNotes } from '../../proxy/limits/limit-notes.ts';
import { Traffic } from '../../proxy/limits/traffic.ts';
import { conductExchange } from '../../proxy/exchange.ts';
import type { ExchangeOptions } from '../../proxy/exchange.ts';
import { Entrance } from '../../proxy/tls/entrance.ts';
import type { LocalAnswers } from '../../proxy/local-answers.ts';
import { acceptEdge } from '../../proxy/membership/control-server.ts';
import type { ConnectedEdges, ConnectionOptions } from '../../proxy/membership/control-server.ts';
import type { ProbeResult } from '../../proxy/membership/death-probe.ts';
import { EdgeLinks } from '../../proxy/membership/edge-links.ts';
import { LeasePromises } from '../../proxy/membership/lease-promises.ts';
import { MembershipSnapshot } from '../../proxy/membership/membership-snapshot.ts';
import { Membership } from '../../proxy/membership/membership.ts';
import { Repinner } from '../../proxy/membership/repinner.ts';
import { Reconciler } from '../../proxy/membership/reconciler.ts';
import { EdgePool } from '../../proxy/membership/pool.ts';
import { Drains } from '../../proxy/move/drains.ts';
import { HandoverCalls } from '../../proxy/move/handover-call.ts';
import type { SendRequest } from '../../proxy/move/handover-call.ts';
import { MoveGate } from '../../proxy/move/move-gate.ts';
import { Mover } from '../../proxy/move/mover.ts';
import { OutagePlacement } from '../../proxy/outage-placement.ts';
import { Placer } from '../../proxy/placement.ts';
import { Settler } from '../../proxy/settle.ts';
import type { Upstreams } from '../../proxy/wire/upstreams.ts';
import { edgeSettings, simMetrics, simPass, simSecrets } from './stand-ins.ts';
import type { SimWire } from './sim-wire.ts';
import type { SimProcess } from './virtual-time.ts';

interface DoorOptions {
  readonly name: string;
  readonly process: SimProcess;
  readonly directory: Directory;
  readonly send: SendRequest;
  readonly probe: (address: string) => Promise<ProbeResult>;
  /** Tunnels to other addresses are cut. */
  readonly signal: AbortSignal;
  readonly retain: (addresses: ReadonlySet<string>) => void;
  readonly mintKey: () => AffinityKey;
  /** The gate has held a newcomer for longer than it may. */
  readonly onHeld: (ms: number) => void;
  /** It cannot start, and ends. */
  readonly onFailed: () => void;
}

const random = (): number => 0.5;

export class SimDoor {
  readonly name: string;
  readonly process: SimProcess;
  readonly pool = new EdgePool();
  readonly gate = new MoveGate(simMetrics);
  readonly mover: Mover;
  readonly drains: Drains;
  readonly wires = new Set<SimWire>();
  /** Clients are listened to. */
  isOpen = false;
  movesRunning = 0;
  readonly #connected: ConnectedEdges = new Map();
  readonly #control: ConnectionOptions;
  readonly #exchange: ExchangeOptions;

  constructor(options: DoorOptions) {
    const { directory, send, probe, retain, mintKey, onFailed, onHeld, signal } = options;
    this.#watchGate(onHeld);
    this.name = options.name;
    this.process = options.process;
    const log: Log = silent;
    const links = new EdgeLinks();
    const { pool, gate } = this;
    const promises = new LeasePromises(nowMs);
    const shared = { directory, pool, promises, log, nowMs };
    const named = { ...shared, secrets: simSecrets, metrics: simMetrics };
    const snapshot = new MembershipSnapshot(directory);
    const outage = new OutagePlacement({ ...named, snapshot, links, random, placesNewKeys: () => false });
    const placer = new Placer({ ...named, outage });
    const mayHaveGoneBack = (): boolean => outage.mayHaveGoneBack;
    const repinner = new Repinner({ ...named, placer, mayHaveGoneBack, random, signal });
    const membership = new Membership({
      ...shared,
      probe,
      onLost: (edge) => repinner.begin(edge),
      onRestored: () => undefined,
      signal,
    });
    const calls = new HandoverCalls(simPass, send);
    this.mover = new Mover({ ...named, placer, gate, links, calls });
    this.drains = new Drains({ ...shared, placer, links, mover: this.mover, signal });
    const reconciler = new Reconciler({ ...named, links });
    const requests = {
      onReport: (...[edge, report]: Parameters<Drains['onReport']>) => {
        this.drains.onReport(edge, report);
        if (report.isFirst) void reconciler.requestAll();
      },
      evacuate: async (...args: Parameters<Drains['evacuate']>) =>
        await settled(this.drains.evacuate(...args)),
      giveBack: async (...args: Parameters<Mover['giveBack']>) => await settled(this.mover.giveBack(...args)),
    };
    this.#control = { clusterHash: 'sim', membership, links, requests, log };
    this.#exchange = {
      placer,
      gate,
      settler: new Settler({ log, metrics: simMetrics, secrets: simSecrets }),
      local: {} as LocalAnswers,
      trusted: new NetworkList([]),
      pass: simPass,
      traffic: openTraffic(pool, log),
      mintKey,
      ...unguarded,
    };
    const follow = (edges: readonly { readonly address: string }[]): void =>
      retain(new Set(edges.map(({ address }) => address)));
    const upstreams = { follow } as unknown as Upstreams;
    const activity = undefined;
    startChores({
      directory,
      pool,
      placer,
      outage,
      snapshot,
      upstreams,
      activity,
      reconciler,
      reconcileIntervalMs,
      steering: undefined,
      fleetViews: [],
      metrics: simMetrics,
      log,
      signal,
    });
    void this.#open(directory, onFailed);
  }

  accept(socket: WebSocket): void {
    acceptEdge(socket, this.#connected, this.#control);
  }

  conduct(wire: SimWire): void {
    this.wires.add(wire);
    void conductExchange(wire, this.#exchange).finally(() => this.wires.delete(wire));
  }

  /** Before it places or moves anything, as `proxy/main.ts` does. */
  async #open(directory: Directory, onFailed: () => void): Promise<void> {
    try {
      await directory.extendLeases();
      this.isOpen = true;
    } catch {
      onFailed();
    }
  }

  async move(key: AffinityKey, target: EdgeId): Promise<void> {
    this.movesRunning++;
    await settled(this.mover.move(key, target));
    this.movesRunning--;
  }

  /** A process that is frozen holds everybody. */
  #watchGate(onHeld: (ms: number) => void): void {
    const pass = this.gate.pass.bind(this.gate);
    this.gate.pass = async (key, signal) => {
      const sinceMs = nowMs();
      const thaws = this.process.thaws;
      try {
        await pass(key, signal);
      } finally {
        const ms = nowMs() - sinceMs;
        if (ms > timing.gateMaxMs + 1 && thaws === this.process.thaws) onHeld(ms);
      }
    };
  }

  async drain(edge: EdgeId, deadlineMs: number): Promise<void> {
    await settled(this.drains.start(edge, deadlineMs));
  }

  /** False where the administrator is told to try again: the edge is not known just now. */
  undrain(edge: EdgeId): boolean {
    try {
      this.drains.stop(edge);
      return true;
    } catch (error) {
      return (error as { readonly code?: unknown }).code !== 'edge-unknown';
    }
  }
}

/** Everybody gets in, with whatever they bring. */
const unguarded = {
  limits: { targetMaxBytes: Infinity, bodyMaxBytes: Infinity },
  entrance: new Entrance(
    {
      CT_HTTPS_REDIRECT: 'off',
      CT_HTTPS_PUBLIC_PORT: 0,
      CT_HTTPS_PORT: 0,
      CT_ACME_DIR: '',
      CT_TLS_CLIENT_CERTS: 'off',
    },
    () => false,
  ),
  strictTransport: '',
};
const silent = silentLog();
/** More often than in the product, so that every schedule sees some of it. */
const reconcileIntervalMs = 5_000;

/** An administrator is told why something cannot be; a fault of the product is not swallowed. */
async function settled(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === undefined) throw error;
  }
}

function nowMs(): number {
  return performance.now();
}

/** With the limits and the breaker that administrators get by default. */
function openTraffic(pool: EdgePool, log: Log): Traffic {
  const settings = edgeSettings({});
  const rules = new ArrivalRules(settings, new AddressTable(nowMs));
  const notes = new LimitNotes(log);
  return new Traffic({ settings, rules, notes, pool, activity: undefined, log, metrics: simMetrics, nowMs });
}
