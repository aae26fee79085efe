/** A pool that tells a StatsD server what it does, as a test that the caller names the protocol for, and what others begin with. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { startEdgeOf } from './edge-process.ts';
import { isReady, startFrontDoor } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import { eventually } from './oct-inbox.ts';
import { StatsdServer } from './statsd-server.ts';

export const often = { CT_METRICS_STATSD_INTERVAL_MS: '1000' };

export async function openMember(t: TestContext, door: FrontDoor, key: string): Promise<void> {
  const socket = new WebSocket(`ws://${door.host}/y/${key}/notes`);
  t.after(() => socket.terminate());
  await once(socket, 'open');
}

/** Under which name the front door at an address tells StatsD. */
export function instanceOf(host: string): string {
  return `${hostname().replaceAll(/[^A-Za-z0-9_-]+/g, '_')}-${host.split(':')[1]}`;
}

export async function awaitEdges(door: FrontDoor, count: number): Promise<void> {
  await eventually(async () => (await door.edges()).filter(isReady).length === count, 'all edges are ready');
}

/** Declares the test. */
export function testStatsd(protocol: 'udp' | 'tcp'): void {
  void test(`a StatsD server is told by ${protocol} what the pool does, by whom, and what rose`, async (t) => {
    const statsd = await StatsdServer.start(t, protocol);
    const settings = {
      ...often,
      CT_METRICS_STATSD_HOST: '127.0.0.1',
      CT_METRICS_STATSD_PORT: String(statsd.port),
      CT_METRICS_STATSD_PROTOCOL: protocol.toUpperCase(),
      CT_METRICS_STATSD_PREFIX: 'pool.',
    };
    const door = await startFrontDoor(t, { settings });
    startEdgeOf(t, [door], 'edge-1', settings);
    startEdgeOf(t, [door], 'edge-2', settings);
    await awaitEdges(door, 2);
    for (const key of ['one', 'one', 'two']) await openMember(t, door, key);
    const expected = { sessions_active: 2, session_connections_active: 3, users_online: 3 };
    const hasAll = async (): Promise<boolean> => {
      const gauges = await statsd.gauges();
      return Object.entries(expected).every(([name, value]) => gauges[`pool.ct_pool_${name}`] === value);
    };
    await eventually(hasAll, 'the figures of the pool arrive');
    const hosted = async (): Promise<boolean> =>
      (await statsd.counters())['pool.ct_pool_sessions_hosted_total'] === 2;
    await eventually(hosted, 'sessions that began are counted once');
    const edges = ['edge-1', 'edge-2'].map((id) => `pool.${id}.ct_edge_sessions.y`);
    const areThere = async (): Promise<boolean> => {
      const gauges = await statsd.gauges();
      return edges.reduce((sum, name) => sum + (gauges[name] ?? 0), 0) === 2;
    };
    await eventually(areThere, 'each edge tells its own');
    const own = `pool.${instanceOf(door.host)}.ct_proxy_pins`;
    assert.equal((await statsd.gauges())[own], 2);
  });
}
