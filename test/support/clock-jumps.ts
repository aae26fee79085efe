/**
 * Clocks that are set while everything runs: of the store, of a front door alone, of an edge alone, of all, as a test that
 * the caller names a store for. A wall clock may say what it likes: who has a session keeps it, and who dies is replaced as
 * fast as ever.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { timing } from '#shared/timing.ts';
import { startEdge, locatorOf } from './edge-process.ts';
import { FakeClock } from './fake-clock.ts';
import { isReady, makeDataDir } from './front-door.ts';
import { eventually } from './oct-inbox.ts';
import { inRounds } from './rounds.ts';
import { startSqlServer } from './sql/sql-server.ts';
import { databaseSetting, fleetEdgeCount, openMember, startStoreFleet } from './store-fleet.ts';
import type { StoreFleet } from './store-fleet.ts';

const hourSeconds = 3_600;
/** Longer than a lease and all that follows from its end. */
const settledMs = timing.leaseMs + timing.reportIntervalMs;

interface Scene extends StoreFleet {
  /** Who has which clock. */
  readonly clocks: Readonly<Record<string, FakeClock>>;
  /** Epoch milliseconds by the clock of the store and of the first front door, where they may be set. */
  readonly readClocks: Readonly<Record<string, () => Promise<number>>>;
  readonly victimPid: number;
}

const serverNow = {
  mariadb: 'SELECT unix_timestamp()',
  postgresql: 'SELECT extract(epoch FROM now())',
} as const;

/** A front door's own clock is no business of the store: it is tried with one product alone. */
export async function openServerScene(t: TestContext, product: 'mariadb' | 'postgresql'): Promise<Scene> {
  const [store, door, edges] = [new FakeClock(t), new FakeClock(t), new FakeClock(t)];
  const server = await startSqlServer(t, product, { env: store.env });
  const database = databaseSetting(await server.createDatabase());
  const fleet = await startStoreFleet(t, {
    settings: [{ ...database, ...door.env }, database],
    edgeSettings: edges.env,
  });
  const clocks =
    product === 'mariadb'
      ? { 'the store': store }
      : { 'the store': store, 'a front door': door, 'the edges': edges };
  const readClocks = {
    'the store': async () => Number((await server.ask(serverNow[product]))[0]![0]) * 1_000,
    'a front door': async () => await Promise.resolve(lastLogged(fleet)),
    'the edges': async () => await edgeNow(fleet),
  };
  return { ...fleet, clocks, readClocks, victimPid: await startVictim(t, fleet, edges) };
}

export async function openFileScene(t: TestContext): Promise<Scene> {
  const clock = new FakeClock(t);
  const settings = [clock.env, clock.env] as const;
  const fleet = await startStoreFleet(t, { settings, edgeSettings: clock.env, dataDir: makeDataDir(t) });
  const readClocks = { all: async () => await Promise.resolve(lastLogged(fleet)) };
  return { ...fleet, clocks: { all: clock }, readClocks, victimPid: await startVictim(t, fleet, clock) };
}

/** By the date of an answer. */
async function edgeNow({ doors }: StoreFleet): Promise<number> {
  const [edge] = (await doors[0].edges()) as unknown as readonly { adminAddress: string }[];
  return Date.parse((await fetch(`${edge!.adminAddress}/livez`)).headers.get('date')!);
}

function lastLogged({ doors }: StoreFleet): number {
  return Date.parse(doors[0].log.items.at(-1)!['time'] as string);
}

/** An edge that is to die. */
async function startVictim(t: TestContext, { doors }: StoreFleet, clock: FakeClock): Promise<number> {
  const pid = startEdge(t, {
    id: 'edge-victim',
    settings: clock.env,
    locators: doors.map(locatorOf),
    dataDir: doors[0].dataDir,
    mayBeKilled: true,
  });
  for (const door of doors) {
    const isWhole = async (): Promise<boolean> =>
      (await door.edges()).filter(isReady).length === fleetEdgeCount + 1;
    await eventually(isWhole, 'the last edge is ready');
  }
  return pid;
}

/** Declares the test. */
export function testClockJumps(name: string, open: (t: TestContext) => Promise<Scene>): void {
  void test(`clocks jump an hour ahead and two back around ${name}: nobody loses a session, and a death is seen as fast as ever`, async (t) => {
    const scene = await open(t);
    const { doors, ask, clocks, readClocks } = scene;
    const owners = new Map<string, string>();
    const place = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const key = `key-${owners.size}`;
        const owner = await ask(doors[owners.size % 2]!, key);
        owners.set(key, owner);
        for (const door of doors) assert.equal(await ask(door, key), owner, key);
      }
    };
    await place(20);
    const ends: number[] = [];
    for (const [i, key] of [...owners.keys()].slice(0, 6).entries()) {
      const member = await openMember(t, doors[i % 2]!, key);
      member.on('close', (code) => ends.push(code));
    }
    for (const [who, clock] of Object.entries(clocks)) {
      for (const aheadSeconds of [hourSeconds, -hourSeconds]) {
        clock.jump(aheadSeconds);
        await inRounds(settledMs, async () => {
          await place(3);
          for (const [key, owner] of owners)
            assert.equal(await ask(doors[0], key), owner, `${key} after ${who} went ${aheadSeconds} s`);
        });
        const read = await readClocks[who]!();
        assert.equal(Math.round((read - Date.now()) / 60_000), aheadSeconds / 60, `${who} has been set`);
        assert.deepEqual(ends, [], `members stay when ${who} goes ${aheadSeconds} s`);
      }
    }
    t.diagnostic(`${owners.size} keys`);
    for (const door of doors) {
      assert.equal(await door.metric('ct_proxy_split_detected_total'), 0);
      assert.deepEqual(
        door.log.items.filter(({ event }) => event === 'edge.lost'),
        [],
      );
    }

    process.kill(scene.victimPid, 'SIGKILL');
    const lost = [...owners].filter(([, owner]) => owner.startsWith('edge-victim'));
    assert.ok(lost.length > 0);
    for (const [key, owner] of lost) {
      const next = await ask(doors[0], key);
      assert.notEqual(next, owner, key);
      assert.equal(await ask(doors[1], key), next);
    }
  });
}
