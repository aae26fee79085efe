/**
 * The WebSocket table, as a test on a transport that the caller names: each case once directly at an edge and once through a
 * front door. The client gets the same bytes and the same end, and the edge sees the same messages and the same close.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startFrontDoor } from '../support/front-door.ts';
import { EchoEdge } from './echo-edge.ts';
import { playSocket } from './play-socket.ts';
import type { SocketView } from './play-socket.ts';
import { socketTable } from './socket-table.ts';

const lanes = 16;

interface Outcome {
  readonly client: SocketView;
  readonly edge: readonly string[] | undefined;
}

async function playAll(edge: EchoEdge, port: number, way: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const queue = socketTable.entries();
  const lane = async (): Promise<void> => {
    for (const [number, item] of queue) {
      const id = `${way}-${number}`;
      const path = `${item.handshake.path}?id=${id}`;
      const client = await playSocket(item, { port, path, lines: `ctstickiness: k${number % 20}\r\n` });
      outcomes[number] = { client, edge: await edge.viewOf(id) };
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return outcomes;
}

async function compareWays(t: TestContext, nativeSockets: string): Promise<void> {
  const edge = new EchoEdge();
  await edge.start();
  t.after(() => edge.stop());
  const door = await startFrontDoor(t, { backends: [edge], settings: { CT_NATIVE_SOCKETS: nativeSockets } });
  const direct = await playAll(edge, edge.port, 'direct');
  const through = await playAll(edge, door.port, 'through');
  for (const [number, { name, source, expected }] of socketTable.entries()) {
    await t.test(`${name} (${source})`, () => {
      assert.equal(direct[number]!.client.closing, expected);
      assert.deepEqual(through[number], direct[number]);
    });
  }
}

/** Declares the test. */
export function testSocketTable(nativeSockets: 'auto' | 'off'): void {
  const sockets = nativeSockets === 'off' ? 'sockets of Node' : 'native sockets';
  void test(`through the front door a WebSocket is what it is directly, on ${sockets}`, async (t) => {
    await compareWays(t, nativeSockets);
  });
}
