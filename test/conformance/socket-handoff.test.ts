/**
 * The WebSocket table at a real edge, which answers as y-websocket's server: handed off to it by the front door, carried by a
 * front door that hands nothing off, and with a ticket past any front door. The client gets the same bytes and the same end.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { locatorOf, startEdge } from '../support/edge-process.ts';
import { ask, isReady, makeDataDir, readUpgrades, startFrontDoor } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { playSocket } from './play-socket.ts';
import type { SocketView } from './play-socket.ts';
import { socketTable } from './socket-table.ts';

/** What is written ahead of the answer is on its way before the edge has greeted: that races. */
const table = socketTable.filter(({ handshake }) => handshake.isEarly !== true);

const lanes = 16;
const keyCount = 16;

interface Ways {
  readonly handed: number;
  readonly carried: number;
  readonly direct: number;
  /** By number of the key. */
  readonly tickets: readonly string[];
  readonly handedUrl: string;
}

async function openWays(t: TestContext): Promise<Ways> {
  const dataDir = makeDataDir(t);
  const handed = await startFrontDoor(t, { dataDir });
  const carried = await startFrontDoor(t, { dataDir, settings: { CT_HANDOFF: 'off' } });
  const direct = await freePort();
  startEdge(t, {
    id: 'e1',
    locators: [locatorOf(handed), locatorOf(carried)],
    dataDir,
    settings: {
      CT_SERVER_URL: `http://127.0.0.1:${direct}`,
      CT_PUBLIC_HOST: '127.0.0.1',
      CT_PUBLIC_PORT: String(direct),
    },
  });
  for (const door of [handed, carried]) {
    await eventually(async () => (await door.edges()).some(isReady), 'the edge is ready');
  }
  const tickets: string[] = [];
  for (let i = 0; i < keyCount; i++) {
    const { text } = await ask(handed, `/api/locate/k${i}`);
    tickets.push((JSON.parse(text) as { ticket: string }).ticket);
  }
  return { handed: handed.port, carried: carried.port, direct, tickets, handedUrl: handed.adminUrl };
}

/** Each case has a document of its own, new for each way. */
async function playAll(port: number, way: string, query: (key: number) => string): Promise<SocketView[]> {
  const views: SocketView[] = [];
  const queue = table.entries();
  const lane = async (): Promise<void> => {
    for (const [number, item] of queue) {
      const key = number % keyCount;
      const path = `/y/k${key}/${way}-${number}${query(key)}`;
      views[number] = await playSocket(item, { port, path, lines: '', isGreeted: true });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return views;
}

test('a WebSocket that is handed off is what it is carried, and what it is directly at the edge', async (t) => {
  const ways = await openWays(t);
  const direct = await playAll(ways.direct, 'direct', (key) => `?ctticket=${ways.tickets[key]}`);
  const carried = await playAll(ways.carried, 'carried', () => '');
  const handed = await playAll(ways.handed, 'handed', () => '');
  const agreed = direct.filter(({ closing }) => closing !== 'refused').length;
  assert.ok(agreed >= 250, `${agreed} handshakes were agreed on`);
  // Also those that the edge declines by itself, once it has the connection.
  assert.deepEqual(await readUpgrades(ways.handedUrl), { 'edge handed': table.length });
  for (const [number, { name, source }] of table.entries()) {
    await t.test(`${name} (${source})`, () => {
      assert.notEqual(direct[number]!.end, 'hang');
      assert.deepEqual(carried[number], direct[number], 'carried');
      assert.deepEqual(handed[number], direct[number], 'handed');
    });
  }
});
