/** What goes wrong in a schedule, and what administrators ask for meanwhile: drawn from the seed, one at a time. */
import type { AffinityKey, EdgeId } from '#shared/ids.ts';
import type { Editors } from './editors.ts';
import type { OctClient } from './oct-client.ts';
import type { PoolWorld } from './pool-world.ts';

interface Scene {
  readonly pool: PoolWorld;
  readonly clients: readonly OctClient[];
  readonly editors: Editors | undefined;
  /** Of the session or of the document. */
  readonly key: () => AffinityKey;
  readonly session: () => AffinityKey;
  readonly endMs: number;
}

type Fault = (scene: Scene) => void;

/** Each with its weight. */
const faults: readonly (readonly [number, Fault])[] = [
  [6, moveSession],
  [3, drainEdge],
  [3, killEdge],
  [2, freezeEdge],
  [2, freezeOwner],
  [2, cutEdge],
  [2, stopEdge],
  [1, killDoor],
  [1, freezeDoor],
  [1, breakDirectory],
  [1, breakStore],
  [4, cutClient],
  [2, slowClient],
  [1, restartClient],
  [1, removeMember],
  [1, leaveSession],
  [0.3, endSession],
];

const totalWeight = faults.reduce((sum, [weight]) => sum + weight, 0);

/** Faults from time to time, until the end. */
export function beginFaults(scene: Scene, everyMs: number): void {
  const { time, random } = scene.pool.ground;
  const next = (): void => {
    if (time.nowMs >= scene.endMs) return;
    let weight = random.next() * totalWeight;
    const [, fault] = faults.find(([share]) => (weight -= share) < 0)!;
    fault(scene);
    time.after(random.int(10, 2 * everyMs), undefined, next);
  };
  time.after(random.int(10, 2 * everyMs), undefined, next);
}

function anyEdge({ pool }: Scene): EdgeId {
  return pool.ground.random.pick(pool.edgeIds);
}

/** Now and then two administrators ask for it. */
/** Between two tries of an administrator. */
const adminPauseMs = 500;

function moveSession(scene: Scene): void {
  const { pool } = scene;
  const { random, tell } = pool.ground;
  const times = random.chance(0.15) ? 2 : 1;
  for (let i = 0; i < times; i++) {
    const target = anyEdge(scene);
    tell('administrator', `moves ${scene.key()} to ${target}`);
    pool.byDoor((door) => void door.move(scene.key(), target));
  }
}

function drainEdge(scene: Scene): void {
  const { pool } = scene;
  const { random, time, tell } = pool.ground;
  const edge = anyEdge(scene);
  tell('administrator', `drains ${edge}`);
  pool.byDoor((door) => void door.drain(edge, random.int(1_000, 20_000)));
  const undrain = (): void => {
    let isDone = false;
    pool.byDoor((door) => (isDone = door.undrain(edge)));
    if (!isDone) time.after(adminPauseMs, undefined, undrain);
  };
  time.after(random.int(500, 8_000), undefined, undrain);
}

function killEdge(scene: Scene): void {
  const { pool } = scene;
  const { random, time } = pool.ground;
  const id = anyEdge(scene);
  pool.killEdge(id);
  time.after(random.delay(50, 5_000), undefined, () => {
    if (!pool.edges.has(id)) pool.startEdge(id);
  });
}

function stopEdge(scene: Scene): void {
  const { pool } = scene;
  const id = anyEdge(scene);
  pool.stopEdge(id);
}

function freezeEdge(scene: Scene): void {
  const { pool } = scene;
  const { random } = pool.ground;
  const edge = pool.edges.get(anyEdge(scene));
  if (edge === undefined) return;
  pool.freeze(edge.process, random.delay(50, 9_000));
}

/** So long that another edge takes over, while clients still come to the old one. */
function freezeOwner(scene: Scene): void {
  const { pool } = scene;
  const { random, time } = pool.ground;
  const edge = pool.ownerOf(scene.key());
  if (edge === undefined) return;
  pool.freeze(edge.process, random.int(2_000, 6_000));
  for (let i = random.int(0, 3); i > 0; i--)
    time.after(random.int(0, 3_000), undefined, () => cutClient(scene));
}

function cutEdge(scene: Scene): void {
  const { pool } = scene;
  const { random, time, network, tell } = pool.ground;
  if (pool.plan.isOneHost) return;
  const edge = anyEdge(scene);
  const door = random.pick(pool.doorNames);
  const untilMs = time.nowMs + random.delay(100, 8_000);
  const ways = random.int(1, 3);
  tell('network', `${edge} and ${door} are cut (${ways}) until ${untilMs}`);
  if (ways !== 2) network.cut(edge, door, untilMs);
  if (ways !== 1) network.cut(door, edge, untilMs);
}

function killDoor({ pool }: Scene): void {
  const { random, time } = pool.ground;
  const name = random.pick(pool.doorNames);
  pool.killDoor(name);
  time.after(random.delay(50, 3_000), undefined, () => {
    if (!pool.doors.has(name)) pool.startDoor(name);
  });
}

function freezeDoor({ pool }: Scene): void {
  const { random } = pool.ground;
  const door = pool.doors.get(random.pick(pool.doorNames));
  if (door === undefined) return;
  pool.freeze(door.process, random.delay(50, 6_000));
}

function breakDirectory({ pool }: Scene): void {
  const { random, time, tell } = pool.ground;
  pool.directory.slowMs = random.pick([3, 3, 50, 1_500]);
  pool.directory.downUntilMs = time.nowMs + random.delay(20, 4_000);
  tell('directory', `is down until ${pool.directory.downUntilMs}`);
}

function breakStore({ pool }: Scene): void {
  const { random, time } = pool.ground;
  pool.store.slowMs = random.pick([8, 8, 200]);
  pool.store.downUntilMs = time.nowMs + random.delay(20, 3_000);
}

function cutClient({ pool, clients, editors }: Scene): void {
  const { random, tell } = pool.ground;
  if (editors !== undefined && random.chance(0.5)) return editors.any().cut(random.chance(0.7));
  const client = random.pick(clients);
  tell(client.name, 'is cut off');
  client.cut(random.chance(0.7));
}

function slowClient({ pool, clients }: Scene): void {
  const { random, time, tell } = pool.ground;
  const client = random.pick(clients);
  tell(client.name, 'reads nothing');
  client.stopReading();
  time.after(random.delay(100, 12_000), undefined, () => client.goOnReading());
}

/** By an administrator, at the edge that has the session. */
function removeMember({ pool, clients, session }: Scene): void {
  const { random, time, tell } = pool.ground;
  const client = random.pick(clients.slice(1));
  const owner = pool.ownerOf(session());
  const { id } = client;
  if (id === undefined || owner?.process.state !== 'running') return;
  const adapter = owner.adapters[0]!;
  if (adapter.describeMembers(session())?.some((member) => member.id === id) !== true) return;
  const isBanned = random.chance(0.5);
  tell('administrator', `${isBanned ? 'bans' : 'removes'} ${client.name}`);
  client.noteRemoval(isBanned);
  // Nothing has happened where it is refused, and nobody knows where the edge dies meanwhile.
  const removed = (): void => pool.ledger.removed(client.name, isBanned);
  time.within(owner.process, () => {
    void adapter.removeMember(session(), id, isBanned).then(removed, () => undefined);
  });
  time.after(random.int(500, 4_000), undefined, () => client.insist());
}

function leaveSession({ pool, clients }: Scene): void {
  pool.ground.random.pick(clients.slice(1)).leave();
}

function endSession({ pool, clients, session }: Scene): void {
  const { random, time } = pool.ground;
  const owner = pool.ownerOf(session());
  if (random.chance(0.5)) return clients[0]!.leave();
  if (owner?.process.state !== 'running') return;
  clients[0]!.noteEnd();
  time.within(owner.process, () => void owner.adapters[0]!.endSession(session()).catch(() => undefined));
}

function restartClient({ pool, clients, editors }: Scene): void {
  const { random } = pool.ground;
  if (editors !== undefined && random.chance(0.7)) return editors.any().restart();
  random.pick(clients).restart();
}
