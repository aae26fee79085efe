/**
 * One schedule of a simulation, all of it from one number: a pool, a session with its clients, what they say, and what
 * goes wrong meanwhile. Then everything is healed, and everybody must get back in and hear all that was due.
 */
import type { AffinityKey, EdgeId } from '#shared/ids.ts';
import { Editors } from './editors.ts';
import { beginFaults } from './faults.ts';
import { Network } from './network.ts';
import type { Ground } from './network.ts';
import { OctClient } from './oct-client.ts';
import type { ClientWorld, Company } from './client-world.ts';
import { inVirtualTime } from './patched-timers.ts';
import { PoolWorld } from './pool-world.ts';
import { Random } from './random.ts';
import { checkBounds, membersOf } from './session-checks.ts';
import { SimStore } from './sim-store.ts';
import { edgeSettings } from './stand-ins.ts';
import { Breach, Verdict } from './verdict.ts';
import type { Invariant } from './verdict.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface ScheduleEnd {
  readonly breach: Breach | undefined;
  /** Of the simulated time. */
  readonly ms: number;
  readonly tasks: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** Something that is not yet as it must be in the end, and the promise that it breaks if it stays so. */
export interface Left {
  readonly invariant: Invariant;
  readonly what: string;
}

const names = ['ann', 'bob', 'cid', 'dan'];
/** Without anything new to break, everybody is back after this, and hears all. */
const settleMaxMs = 90_000;
const lookEveryMs = 250;

export interface ScheduleOptions {
  /** Gets the story. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** There is a document always, and what happens to a key happens to its key. */
  readonly onDocuments?: boolean | undefined;
}

/** Runs one schedule. */
export async function runSchedule(
  seed: number,
  { onLine, onDocuments = false }: ScheduleOptions = {},
): Promise<ScheduleEnd> {
  const verdict = new Verdict();
  const end = await inVirtualTime(async (time) => {
    const schedule = new Schedule(time, seed, verdict, { onLine, onDocuments });
    try {
      await schedule.run();
    } catch (error) {
      verdict.breach ??= new Breach(8, `the product failed: ${String((error as Error).stack)}`);
    }
    return schedule.end();
  });
  return { ...end, breach: verdict.breach };
}

class Schedule {
  readonly #ground: Ground;
  readonly #verdict: Verdict;
  readonly #pool: PoolWorld;
  readonly #company: Company;
  readonly #clients: readonly OctClient[];
  readonly #editors: Editors | undefined;
  readonly #actMs: number;
  readonly #onDocuments: boolean;

  constructor(
    time: VirtualTime,
    seed: number,
    verdict: Verdict,
    { onLine, onDocuments = false }: ScheduleOptions,
  ) {
    const random = new Random(seed);
    const network = new Network();
    const tell = (who: string, what: string): void =>
      onLine?.(`${time.nowMs.toFixed(1).padStart(9)} ${who.padEnd(9)} ${what}`);
    const ground = { time, random, network, tell };
    this.#ground = ground;
    this.#verdict = verdict;
    this.#actMs = random.int(2_000, 6_000);
    const plan = {
      edges: random.int(2, 3),
      doors: random.chance(0.3) ? 2 : 1,
      settings: edgeSettings({ CT_SEND_BUFFER_MAX_BYTES: random.pick([20_000, 60_000, 4_000_000]) }),
      isOneHost: random.chance(0.4),
      twiceShare: random.pick([0, 0.02, 0.2]),
    };
    this.#pool = new PoolWorld(ground, verdict, plan, new SimStore(ground, verdict));
    this.#company = {
      key: `session-${seed}`,
      ids: new Map(),
      approved: new Set(),
      banned: new Set(),
      hasEnded: false,
    };
    const world: ClientWorld = {
      ground,
      verdict,
      ledger: this.#pool.ledger,
      send: (request) => this.#pool.send(request),
    };
    this.#onDocuments = onDocuments;
    if (random.chance(0.2) || onDocuments)
      this.#editors = new Editors(world, `doc-${seed}`, (key) => this.#killOwner(key));
    this.#clients = names
      .slice(0, random.int(2, 4))
      .map((name, i) => new OctClient(world, this.#company, name, i === 0));
  }

  async run(): Promise<void> {
    const { time, random } = this.#ground;
    this.#pool.startMissing();
    await this.#runUntil(500);
    this.#clients[0]!.begin();
    for (const guest of this.#clients.slice(1))
      time.after(random.delay(50, 3_000), undefined, () => guest.begin());
    this.#beginTalk();
    this.#editors?.begin(this.#actMs);
    this.#watchBounds();
    const scene = {
      pool: this.#pool,
      clients: this.#clients,
      editors: this.#editors,
      key: () => this.#anyKey(),
      session: () => this.#company.key as AffinityKey,
      endMs: this.#actMs,
    };
    time.after(random.int(300, 2_000), undefined, () => beginFaults(scene, random.int(200, 1_500)));
    await this.#runUntil(this.#actMs);
    await this.#runUntil(this.#pool.frozenUntilMs);
    this.#heal();
    await this.#settle();
  }

  end(): Omit<ScheduleEnd, 'breach'> {
    const { nowMs, tasks } = this.#ground.time;
    return { ms: nowMs, tasks, counts: this.#pool.ledger.counts };
  }

  async #runUntil(endMs: number): Promise<void> {
    await this.#ground.time.runUntil(endMs, () => this.#verdict.breach !== undefined);
  }

  #beginTalk(): void {
    const { time, random } = this.#ground;
    const everyMs = random.pick([80, 250, 800]);
    const talk = (): void => {
      if (time.nowMs >= this.#actMs) return;
      const client = random.pick(this.#clients);
      const kind = random.pick(['broadcast', 'broadcast', 'notification', 'request'] as const);
      const to = kind === 'broadcast' ? undefined : random.pick(this.#clients).name;
      const burst = random.chance(0.1) ? random.int(2, 8) : 1;
      for (let i = 0; i < burst; i++) client.say(kind, to, random.chance(0.1) ? random.int(100, 3_000) : 0);
      time.after(random.int(1, 2 * everyMs), undefined, talk);
    };
    time.after(700, undefined, talk);
  }

  #anyKey(): AffinityKey {
    const editorsKey = this.#ground.random.chance(0.5) || this.#onDocuments ? this.#editors?.key : undefined;
    return (editorsKey ?? this.#company.key) as AffinityKey;
  }

  #killOwner(key: string): void {
    const owner = this.#pool.ownerOf(key as AffinityKey);
    if (owner !== undefined) this.#pool.killEdge(owner.name as EdgeId);
  }

  #watchBounds(): void {
    const { time } = this.#ground;
    for (const { adapters } of this.#pool.edges.values())
      checkBounds(adapters[0]!, this.#pool.plan.settings, this.#verdict);
    time.after(lookEveryMs, undefined, () => this.#watchBounds());
  }

  #heal(): void {
    const { network, tell } = this.#ground;
    const pool = this.#pool;
    tell('world', 'is healed');
    network.heal();
    pool.directory.downUntilMs = 0;
    pool.directory.slowMs = 3;
    pool.store.downUntilMs = 0;
    for (const { process } of [...pool.edges.values(), ...pool.doors.values()]) pool.thaw(process);
    pool.startMissing();
    for (const client of this.#clients) client.goOnReading();
  }

  async #settle(): Promise<void> {
    const { time } = this.#ground;
    const endMs = time.nowMs + settleMaxMs;
    let left: Left | undefined = { invariant: 8, what: 'nobody has looked yet' };
    let hasAsked = false;
    while (left !== undefined && time.nowMs < endMs && this.#verdict.breach === undefined) {
      this.#pool.startMissing();
      await this.#runUntil(time.nowMs + lookEveryMs);
      left = this.#whatIsLeft();
      // Once all is well, everybody says something that all must hear.
      if (left !== undefined || hasAsked) continue;
      hasAsked = true;
      left = { invariant: 2, what: 'the last word has not been heard' };
      for (const client of this.#clients) client.say('broadcast', undefined, 0);
      await this.#runUntil(time.nowMs + lookEveryMs);
    }
    if (left !== undefined)
      this.#verdict.fail(left.invariant, `after ${settleMaxMs / 1_000} s without a fault: ${left.what}`);
  }

  /** What is not yet as it must be in the end. */
  #whatIsLeft(): Left | undefined {
    for (const door of this.#pool.doors.values())
      if (door.movesRunning > 0) return { invariant: 8, what: `${door.name} still moves something` };
    return this.#leftOfSession() ?? this.#editors?.whatIsLeft(this.#verdict);
  }

  #leftOfSession(): Left | undefined {
    // Who was away at the end may not know of it yet, and wait for its host.
    if (this.#company.hasEnded) return undefined;
    for (const client of this.#clients) {
      if (client.state === 'out') continue;
      if (client.state !== 'connected') return { invariant: 8, what: `${client.name} is ${client.state}` };
      const missing = this.#pool.ledger.missingOf(client.name);
      if (missing !== undefined) return { invariant: 2, what: `${client.name} has not heard ${missing}` };
      const unanswered = this.#pool.ledger.unansweredOf(client.name);
      if (unanswered !== undefined) return { invariant: 5, what: `${unanswered} has no answer` };
    }
    return this.#leftOfRoster();
  }

  /** The session has everybody who has come, and its host knows of all of them. */
  #leftOfRoster(): Left | undefined {
    const host = this.#clients[0]!;
    if (host.state !== 'connected') return undefined;
    const key = this.#company.key as AffinityKey;
    const owner = this.#pool.ownerOf(key);
    const members = owner === undefined ? undefined : membersOf(owner.adapters[0]!, key);
    const present = this.#clients.filter(({ state }) => state === 'connected').map(({ id }) => id!);
    const missing = present.find((id) => members?.includes(id) !== true);
    if (missing !== undefined) return { invariant: 7, what: `${missing} is not in the roster` };
    const others = members!.filter((id) => id !== host.id);
    const isKnown =
      others.length === host.voice.roster.size && others.every((id) => host.voice.roster.has(id));
    const what = `the host knows ${[...host.voice.roster].join()} of ${others.join()}`;
    return isKnown ? undefined : { invariant: 7, what };
  }
}
