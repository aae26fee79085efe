/**
 * The pool of a simulation: front doors and edges as processes over one directory and one store, with what can happen
 * to them. Watches, at every step that the directory and the edges take, who owns what.
 */
import { parseEdgeId } from '#shared/ids.ts';
import type { AffinityKey, EdgeId } from '#shared/ids.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { connectControl } from './control-socket.ts';
import type { ControlConnection } from './control-socket.ts';
import { DirectoryTable, connectDirectory } from './directory-table.ts';
import { DirectoryWay } from './directory-way.ts';
import { Ledger } from './ledger.ts';
import type { Ground } from './network.ts';
import { Ownership } from './ownership.ts';
import { SimDoor } from './sim-door.ts';
import { SimEdge } from './sim-edge.ts';
import { SimWire } from './sim-wire.ts';
import type { ClientRequest } from './sim-wire.ts';
import type { SimStore } from './sim-store.ts';
import { SimProcess } from './virtual-time.ts';
import { Upstream } from './upstream.ts';
import { sendToEdge } from './send-to-edge.ts';
import type { Verdict } from './verdict.ts';

export interface PoolPlan {
  readonly edges: number;
  readonly doors: number;
  readonly settings: Settings;
  readonly twiceShare: number;
  /** Nothing stands between edges and front doors. */
  readonly isOneHost: boolean;
}

const clockSpreadMs = 1_000_000;

export class PoolWorld {
  readonly ground: Ground;
  readonly verdict: Verdict;
  readonly ledger: Ledger;
  readonly table: DirectoryTable;
  readonly directory: DirectoryWay;
  readonly upstream: Upstream;
  readonly store: SimStore;
  readonly doors = new Map<string, SimDoor>();
  readonly edges = new Map<EdgeId, SimEdge>();
  readonly plan: PoolPlan;
  readonly #control = new Set<{
    connection: ControlConnection;
    edge: SimProcess;
    door: SimProcess | undefined;
  }>();
  readonly #ownership: Ownership;
  /** Until then some process stands still. */
  frozenUntilMs = 0;
  readonly #ending = new AbortController();
  #boots = 0;

  constructor(ground: Ground, verdict: Verdict, plan: PoolPlan, store: SimStore) {
    this.ground = ground;
    this.verdict = verdict;
    this.plan = plan;
    this.store = store;
    this.ledger = new Ledger(verdict);
    const directoryAheadMs = ground.random.int(0, clockSpreadMs);
    this.table = new DirectoryTable(() => ground.time.nowMs + directoryAheadMs);
    this.directory = new DirectoryWay(ground);
    this.upstream = new Upstream(ground);
    ground.time.onEnd(() => this.#ending.abort());
    this.#ownership = new Ownership(verdict, this.table);
    this.table.onPinned = (key, pin) => {
      const { owner, epoch } = pin;
      ground.tell('directory', `${key} belongs to ${owner.id}:${owner.incarnation} with epoch ${epoch}`);
      this.#ownership.pinned(key, epoch);
      this.ledger.pinned(key, epoch);
    };
  }

  /** By the directory; undefined where its process is not there. */
  ownerOf(key: AffinityKey): SimEdge | undefined {
    const owner = this.table.pins.get(key)?.owner;
    return owner === undefined ? undefined : this.edges.get(owner.id);
  }

  get doorNames(): readonly string[] {
    return Array.from({ length: this.plan.doors }, (_, i) => `door-${i + 1}`);
  }

  get edgeIds(): readonly EdgeId[] {
    return Array.from({ length: this.plan.edges }, (_, i) => parseEdgeId(`edge-${i + 1}`)!);
  }

  startDoor(name: string): void {
    const process = this.#boot(name);
    // As opening the directory's file does.
    this.table.extendLeases();
    this.ground.time.within(process, () => {
      const door = new SimDoor({
        name,
        process,
        directory: connectDirectory(this.table, this.directory.carrierOf(process)),
        send: sendToEdge(this.ground, this.upstream, { name, process }, this.plan.twiceShare),
        probe: async (address) => await this.#probe(process, name, address),
        retain: (addresses) => {
          const kept = [...addresses].flatMap((address) => this.upstream.listenerAt(address)?.process ?? []);
          this.upstream.retain(name, new Set(kept));
        },
        mintKey: () => 'minted' as AffinityKey,
        signal: this.#ending.signal,
        onHeld: (ms) => this.verdict.fail(8, `a newcomer is held for ${ms} ms`),
        onFailed: () => {
          if (this.doors.get(name)?.process === process) this.killDoor(name);
        },
      });
      this.doors.set(name, door);
    });
  }

  /** Whoever supervises them starts what is not there. */
  startMissing(): void {
    for (const name of this.doorNames) if (!this.doors.has(name)) this.startDoor(name);
    for (const id of this.edgeIds) if (!this.edges.has(id)) this.startEdge(id);
  }

  killDoor(name: string): void {
    const door = this.doors.get(name);
    if (door === undefined) return;
    this.ground.tell(name, 'is killed');
    this.doors.delete(name);
    this.ground.time.kill(door.process);
    this.ground.network.goOn(name);
    this.upstream.breakDoor(name);
    for (const wire of door.wires) wire.fail();
    this.#breakControl(door.process);
  }

  startEdge(id: EdgeId): void {
    const process = this.#boot(id);
    const address = `http://${id}.b${++this.#boots}:3001`;
    this.ground.time.within(process, () => {
      const edge = new SimEdge({
        process,
        id,
        address,
        locators: this.doorNames.map(locatorOf),
        locatorsAreLocal: this.plan.isOneHost,
        settings: this.plan.settings,
        documents: this.store.connect(process),
        rosters: this.store.rosters.connect(process),
        ledger: this.ledger,
        verdict: this.verdict,
        openSocket: ({ locator }) => this.#openControl(process, id, locator),
        onLog: (event, facts) => this.#hearEdge(edge, event, facts),
        random: () => this.ground.random.next(),
        onExit: () => this.#end(id, process),
        newBootId: () => `boot-number-${++this.#boots}`,
      });
      this.edges.set(id, edge);
      this.upstream.listen(address, { name: id, process, server: this.#ownership.watch(edge) });
      edge.start();
    });
  }

  killEdge(id: EdgeId): void {
    const edge = this.edges.get(id);
    if (edge === undefined) return;
    this.ground.tell(id, 'is killed');
    this.#end(id, edge.process);
  }

  stopEdge(id: EdgeId): void {
    const edge = this.edges.get(id);
    if (edge?.process.state !== 'running') return;
    this.ground.tell(id, 'is told to stop');
    this.ground.time.within(edge.process, () => void edge.stop());
  }

  /** Goes on by itself after so long, or earlier by `thaw`. */
  freeze(process: SimProcess, forMs: number): void {
    const { time, network, tell } = this.ground;
    if (process.state !== 'running') return;
    tell(process.name, `is frozen for ${Math.round(forMs)} ms`);
    time.freeze(process);
    if (this.doors.has(process.name)) network.stop(process.name, time.nowMs + forMs);
    this.frozenUntilMs = Math.max(this.frozenUntilMs, time.nowMs + forMs);
    time.after(forMs, undefined, () => this.thaw(process));
  }

  thaw(process: SimProcess): void {
    if (process.state !== 'frozen') return;
    this.ground.tell(process.name, 'goes on');
    this.ground.network.goOn(process.name);
    this.ground.time.thaw(process, this.ground.random.chance(0.5));
  }

  /** In the process of a front door that is there. */
  byDoor(act: (door: SimDoor) => void): void {
    const doors = [...this.doors.values()].filter(({ process }) => process.state === 'running');
    if (doors.length === 0) return;
    const door = this.ground.random.pick(doors);
    this.ground.time.within(door.process, () => act(door));
  }

  send(request: ClientRequest): () => void {
    const { time, random, network } = this.ground;
    const name = random.pick(this.doorNames);
    const door = this.doors.get(name);
    let wire: SimWire | undefined;
    const delayMs = Math.max(0, network.openAt(request.client, name) - time.nowMs) + random.delay(0.3, 30);
    if (door?.isOpen !== true) {
      time.after(random.delay(0.3, 30), undefined, () => request.onFailed());
      return () => undefined;
    }
    time.after(delayMs, door.process, () => {
      wire = new SimWire(this.ground, request, door, this.upstream);
      door.conduct(wire);
    });
    return () => time.after(1, door.process, () => wire?.leave());
  }

  #end(id: EdgeId, process: SimProcess): void {
    this.ground.time.kill(process);
    if (this.edges.get(id)?.process === process) this.edges.delete(id);
    this.upstream.closeBy(process);
    this.upstream.breakBy(process);
    this.#breakControl(process);
  }

  #hearEdge(edge: SimEdge, event: string, facts: Readonly<Record<string, unknown>>): void {
    const epoch = Number(facts['epoch']);
    this.ground.tell(edge.name, `${event} ${JSON.stringify(facts, hideErrors)}`);
    switch (event) {
      case 'session.opened':
        if (facts['adapter'] === 'oct') this.ledger.opened(epoch, String(facts['origin']));
        return this.#ownership.noteServer(epoch, edge.process);
      case 'session.released':
        return this.ledger.released(epoch);
      case 'process.failed':
        return this.verdict.fail(8, `${edge.name} has failed`);
      default:
    }
  }

  #boot(name: string): SimProcess {
    this.ground.tell(name, 'starts');
    return new SimProcess(name, this.ground.random.int(0, clockSpreadMs));
  }

  #openControl(process: SimProcess, edgeName: string, locator: string): ControlConnection['edgeEnd'] {
    const name = this.doorNames.find((name) => locatorOf(name) === locator)!;
    const door = this.doors.get(name);
    const connection = connectControl(this.ground, {
      edge: process,
      door:
        door === undefined ? undefined : { process: door.process, accept: (socket) => door.accept(socket) },
      names: { edge: edgeName, door: name },
      twiceShare: this.plan.twiceShare,
    });
    this.#control.add({ connection, edge: process, door: door?.process });
    return connection.edgeEnd;
  }

  #breakControl(process: SimProcess): void {
    for (const entry of this.#control) {
      if (entry.edge !== process && entry.door !== process) continue;
      this.#control.delete(entry);
      entry.connection.breakBy(process);
    }
  }

  async #probe(
    process: SimProcess,
    door: string,
    address: string,
  ): Promise<'refused' | 'accepted' | 'no-answer'> {
    const { time, random, network } = this.ground;
    const { promise, resolve } = Promise.withResolvers<'refused' | 'accepted' | 'no-answer'>();
    const listener = this.upstream.listenerAt(address);
    const name = /\/\/(.+)\.b\d+:/.exec(address)?.[1] ?? '';
    const isCut = Math.max(network.openAt(door, name), network.openAt(name, door)) > time.nowMs;
    time.after(isCut ? 500 : random.delay(0.2, 20), process, () => {
      if (isCut) resolve('no-answer');
      else resolve(listener === undefined ? 'refused' : 'accepted');
    });
    return await promise;
  }
}

function locatorOf(door: string): string {
  return `ws://127.0.0.1:109${door.at(-1)}`;
}

function hideErrors(name: string, value: unknown): unknown {
  if (name === 'error') return String(value);
  return name === 'adapter' || name === 'exchange' ? undefined : value;
}
