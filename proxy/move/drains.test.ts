/** Orders to drain and to go on: an edge whose connection broke hears them when it is back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { FrontDoorMessage } from '#shared/control-protocol.ts';
import { openLog } from '#shared/log.ts';
import { parseEdgeId } from '#shared/ids.ts';
import type { Incarnation } from '#shared/ids.ts';
import type { Directory } from '../directory/directory.ts';
import { EdgeLinks } from '../membership/edge-links.ts';
import { EdgePool } from '../membership/pool.ts';
import { Drains } from './drains.ts';

const edge = { id: parseEdgeId('e1')!, incarnation: 1 as Incarnation };
const draining = { isDraining: true, isFirst: false };
const serving = { isDraining: false, isFirst: false };

class Scene {
  readonly links = new EdgeLinks();
  readonly pool = new EdgePool();
  readonly told: FrontDoorMessage[] = [];
  readonly drains: Drains;
  readonly #send = (message: FrontDoorMessage): void => {
    if (message.type === 'drain') this.told.push(message);
    else if (message.type === 'list-sessions')
      this.links.answer({ type: 'sessions', request: message.request, total: 0, keys: [] });
  };

  constructor(t: TestContext) {
    const ending = new AbortController();
    t.after(() => ending.abort());
    this.drains = new Drains({
      directory: { markDraining: () => Promise.resolve() } as unknown as Directory,
      pool: this.pool,
      links: this.links,
      placer: undefined as never,
      mover: undefined as never,
      log: openLog({ level: 'error', role: 'proxy' }),
      nowMs: () => performance.now(),
      signal: ending.signal,
    });
    const more = {
      weight: 100,
      sessionsMax: 10,
      version: '0',
      adminAddress: '',
      region: 'default',
      joinedAtMs: 0,
    };
    this.pool.join({ ...edge, ...more, kind: 'edge', address: 'http://e1.test' }, 'ready');
    this.connect();
  }

  connect(): void {
    this.links.add(edge, this.#send);
  }

  disconnect(): void {
    this.links.remove(edge, this.#send);
    this.pool.setState(edge, 'suspect');
  }

  get orders(): boolean[] {
    return this.told.splice(0).map((message) => (message as { on: boolean }).on);
  }
}

test('an edge that could not hear that it is to go on is told when it is back, until it shows', async (t) => {
  const scene = new Scene(t);
  await scene.drains.start(edge.id, 1_000);
  scene.drains.onReport(edge, draining);
  assert.deepEqual(scene.orders, [true]);
  scene.disconnect();
  scene.drains.stop(edge.id);
  assert.deepEqual(scene.orders, []);
  scene.connect();
  scene.drains.onReport(edge, { isDraining: true, isFirst: true });
  scene.drains.onReport(edge, draining);
  assert.deepEqual(scene.orders, [false, false]);
  scene.drains.onReport(edge, serving);
  // What comes now is the order of somebody else.
  scene.drains.onReport(edge, draining);
  assert.deepEqual(scene.orders, []);
});

test('an order to drain that was lost is given again', async (t) => {
  const scene = new Scene(t);
  await scene.drains.start(edge.id, 1_000);
  scene.drains.onReport(edge, serving);
  assert.deepEqual(scene.orders, [true, true]);
});

test('a drain that another front door has ended ends here too', async (t) => {
  const scene = new Scene(t);
  await scene.drains.start(edge.id, 1_000);
  scene.drains.onReport(edge, draining);
  scene.drains.onReport(edge, serving);
  while (scene.drains.views().length > 0) await new Promise(setImmediate);
  assert.deepEqual(scene.orders, [true]);
});

test('an order is for one incarnation alone', async (t) => {
  const scene = new Scene(t);
  await scene.drains.start(edge.id, 1_000);
  scene.drains.onReport({ ...edge, incarnation: 2 as Incarnation }, serving);
  assert.deepEqual(scene.orders, [true]);
});
