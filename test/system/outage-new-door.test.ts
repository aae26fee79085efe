/**
 * A front door is added, and while edges join it the store goes away: they serve by the promises of all front doors, so this one
 * has to promise, too, although it could not ask the store who they are.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { timing } from '#shared/timing.ts';
import { locatorOf, startEdge } from '../support/edge-process.ts';
import { startFrontDoor } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { fleetEdgeCount, fleetOf, seeEdges, seeMembers } from '../support/store-fleet.ts';
import { openFile, surviveOutage } from '../support/store-outages.ts';

test('a front door that edges have not joined when the store goes away takes them in: sessions stay, new keys are placed', async (t) => {
  const store = openFile(t);
  const dataDir = store.dataDir!;
  const first = await startFrontDoor(t, { dataDir });
  const gate = await openGate(t);
  const locators = [locatorOf(first), `ws://127.0.0.1:${gate.port}`];
  for (let i = 1; i <= fleetEdgeCount; i++) startEdge(t, { id: `edge-${i}`, locators, dataDir });
  await seeEdges(first);
  await seeMembers(first);
  const second = await startFrontDoor(t, { dataDir });
  await seeMembers(second);
  await eventually(() => gate.waiting() === fleetEdgeCount, 'every edge is about to join it');
  await surviveOutage(t, store, fleetOf(t, [first, second]), {
    onHalted: () => gate.open(second.controlPort),
    // Without this front door's word an edge stops itself sooner.
    lengthMs: timing.leaseMs + 2_000,
  });
});

interface Gate {
  readonly port: number;
  /** Connections that wait for it. */
  readonly waiting: () => number;
  readonly open: (targetPort: number) => void;
}

async function openGate(t: TestContext): Promise<Gate> {
  let targetPort: number | undefined;
  const nears = new Set<Socket>();
  const carry = (near: Socket): void => {
    const far = connect({ port: targetPort!, host: '127.0.0.1', noDelay: true });
    far.on('error', () => near.destroy());
    near.on('close', () => far.destroy());
    near.pipe(far).pipe(near);
  };
  const server = createServer({ noDelay: true }, (near) => {
    nears.add(near);
    near.on('error', () => near.destroy());
    near.on('close', () => nears.delete(near));
    if (targetPort !== undefined) carry(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const near of nears) near.destroy();
  });
  return {
    port: (server.address() as AddressInfo).port,
    waiting: () => nears.size,
    open: (port) => {
      targetPort = port;
      for (const near of nears) carry(near);
    },
  };
}
