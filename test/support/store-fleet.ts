/** Two front doors that share a store, and edges that joined both: what outages of the store are tried on. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Agent, request } from 'undici';
import { WebSocket } from 'ws';
import { timing } from '#shared/timing.ts';
import { startEdgeOf } from './edge-process.ts';
import { isReady, startFrontDoor } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import { eventually } from './oct-inbox.ts';
import type { SqlAddress } from './sql/sql-server.ts';

export const fleetEdgeCount = 3;

type Settings = Readonly<Record<string, string>>;

/** As long as clients come back after a disconnect. */
const patienceMs = timing.clientPatienceMs;

interface Look {
  readonly status: number;
  readonly owner: string;
  readonly code: string | undefined;
}

export interface StoreFleet {
  readonly doors: readonly [FrontDoor, FrontDoor];
  /** Status and owner (`edge:incarnation`) of the answer for a key, or the code of a refusal. */
  readonly look: (door: FrontDoor, key: string) => Promise<Look>;
  /** The same over connections of its own: nobody waits for what `look` waits for. */
  readonly lookAside: StoreFleet['look'];
  /** The owner; throws on any other answer than 200. */
  readonly ask: (door: FrontDoor, key: string) => Promise<string>;
  /** The same, coming back while it is told to (503), as clients do: on a busy machine nobody may know yet whether a store is away. */
  readonly askPatiently: (door: FrontDoor, key: string) => Promise<string>;
}

/** The database in the form of a front door's setting; by another port where there is something in between. */
export function databaseSetting(address: SqlAddress, port = address.port): Settings {
  const { product, host, user, password, database: schema } = address;
  const dialect = product === 'mariadb' ? 'mysql' : 'postgres';
  return { CT_LOCATOR_CONFIG: JSON.stringify({ database: { host, port, user, password, schema, dialect } }) };
}

/** Each front door has settings of its own; the edges' stores are files, for it is the directory that is tried. */
export async function startStoreFleet(
  t: TestContext,
  options: { settings: readonly [Settings, Settings]; dataDir?: string | undefined; edgeSettings?: Settings },
): Promise<StoreFleet> {
  const { settings, dataDir, edgeSettings } = options;
  const start = async (own: Settings): Promise<FrontDoor> =>
    await startFrontDoor(t, dataDir === undefined ? { settings: own } : { settings: own, dataDir });
  const doors = [await start(settings[0]), await start(settings[1])] as const;
  for (let i = 1; i <= fleetEdgeCount; i++) startEdgeOf(t, doors, `edge-${i}`, edgeSettings);
  for (const door of doors) {
    await seeEdges(door);
    await seeMembers(door);
  }
  return fleetOf(t, doors);
}

export async function seeEdges(door: FrontDoor): Promise<void> {
  const isWhole = async (): Promise<boolean> =>
    (await door.edges()).filter(isReady).length === fleetEdgeCount;
  await eventually(isWhole, 'every edge is ready at each front door');
}

/** The store may go at any time, and with it what a front door has not read of it yet. */
export async function seeMembers(door: FrontDoor): Promise<void> {
  const isKnown = async (): Promise<boolean> =>
    (await door.metric('ct_proxy_outage_members')) === fleetEdgeCount;
  await eventually(isKnown, 'each front door knows the members in the store');
}

export function fleetOf(t: TestContext, doors: StoreFleet['doors']): StoreFleet {
  const look = lookThrough(t, 32);
  const ask: StoreFleet['ask'] = async (door, key) => await ownerOf(door, key, await look(door, key));
  const askPatiently: StoreFleet['ask'] = async (door, key) => {
    let last: Look | undefined;
    const isAnswered = async (): Promise<boolean> => (last = await look(door, key)).status !== 503;
    await eventually(isAnswered, `${key} is answered`, patienceMs).catch((error: unknown) => {
      // Its code and reason say more.
      if (last?.status !== 503) throw error;
    });
    return await ownerOf(door, key, last!);
  };
  return { doors, look, lookAside: lookThrough(t, 8), ask, askPatiently };
}

async function ownerOf(door: FrontDoor, key: string, { status, owner, code }: Look): Promise<string> {
  if (status === 200) return owner;
  const reasons = await door.metricLines('ct_proxy_outage_refusals_total');
  assert.fail(`${key}: ${status} ${code}, of all that were refused: ${reasons.join(', ') || 'none'}`);
}

function lookThrough(t: TestContext, connections: number): StoreFleet['look'] {
  const agent = new Agent({ connections });
  t.after(async () => await agent.close());
  return async (door, key) => {
    const { statusCode, body } = await request(`http://${door.host}/ct-health/`, {
      dispatcher: agent,
      headers: { ctstickiness: key },
    });
    const { edge, incarnation, code } = (await body.json()) as Record<string, string | undefined>;
    return { status: statusCode, owner: `${edge}:${incarnation}`, code };
  };
}

/** A member of a document. */
export async function openMember(t: TestContext, door: FrontDoor, key: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${door.host}/y/${key}/notes`);
  t.after(() => socket.terminate());
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return socket;
}
