/** Who pays for floods: the client that is counted, by its address, and nobody else. By a clock that stands still. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLog } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import { defaultSettings } from '../../test/support/default-settings.ts';
import { AddressTable } from './address-table.ts';
import { ArrivalRules } from './arrival-rules.ts';
import { Arrivals } from './arrivals.ts';
import type { Arrival } from './arrivals.ts';
import { LimitNotes } from './limit-notes.ts';
import { ResetAlarm } from './reset-alarm.ts';

const flooder = '203.0.113.5';
const neighbour = '203.0.113.6';
const proxy = '192.0.2.1';

class Scene {
  readonly settings = {
    ...defaultSettings(),
    CT_LIMIT_EXEMPT: ['198.51.100.0/24'],
    CT_TRUSTED_PROXIES: ['198.51.200.1'],
    CT_PROXY_PROTOCOL_FROM: [proxy],
  };
  nowMs = 1_000;
  readonly told: string[] = [];
  readonly arrivals: Arrivals;

  constructor() {
    const { settings } = this;
    const log = openLog({
      level: 'silent',
      role: 'proxy',
      hear: (event, { client }) => void this.told.push(`${event} ${String(client)}`),
    });
    const rules = new ArrivalRules(settings, new AddressTable(() => this.nowMs));
    const metrics = new Metrics('ct_proxy_');
    const resets = new ResetAlarm(() => this.nowMs);
    this.arrivals = new Arrivals({ settings, rules, notes: new LimitNotes(log), metrics, resets });
  }

  /** The arrival, or why it may not come in. */
  arrive(address: string, peer = address): Arrival | string {
    const arrival = this.arrivals.greet(peer);
    if (typeof arrival === 'string') return arrival;
    const client = arrival.mustIntroduce ? { address, isSecure: false } : undefined;
    return arrival.admit(client) ?? arrival;
  }

  blame(address: string): void {
    const arrival = this.arrive(address);
    if (typeof arrival !== 'string') arrival.blame('ping');
  }
}

test('an address that flooded is refused until its penalty is over, its neighbour is not, and the log tells once', () => {
  const scene = new Scene();
  const [first, second] = [scene.arrive(flooder), scene.arrive(flooder)] as [Arrival, Arrival];
  first.blame('ping');
  second.blame('ping');
  assert.equal(scene.arrive(flooder), 'flooded-before');
  assert.notEqual(typeof scene.arrive(neighbour), 'string');
  assert.deepEqual(scene.told, [`client.penalized ${flooder}`, `clients.refused ${flooder}`]);
  scene.nowMs += 1_000;
  assert.notEqual(typeof scene.arrive(flooder), 'string');
});

test('who is exempt, and proxies that are trusted, never pay; nor does anybody where there is no penalty', () => {
  const scene = new Scene();
  for (const address of ['198.51.100.7', '198.51.200.1']) {
    scene.blame(address);
    assert.notEqual(typeof scene.arrive(address), 'string', address);
  }
  scene.blame(flooder);
  scene.settings.CT_LIMIT_FLOOD_PENALTY_MS = 0;
  assert.notEqual(typeof scene.arrive(flooder), 'string', 'nor does one that runs go on');
  scene.blame(neighbour);
  assert.deepEqual(scene.told, [`client.penalized ${flooder}`]);
});

test('a client behind a proxy pays by its own address, and a proxy that speaks for itself pays nothing', () => {
  const scene = new Scene();
  (scene.arrive(flooder, proxy) as Arrival).blame('ping');
  assert.equal(scene.arrive(flooder, proxy), 'flooded-before');
  assert.notEqual(typeof scene.arrive(neighbour, proxy), 'string');
  const checking = scene.arrivals.greet(proxy) as Arrival;
  assert.equal(checking.admit({ address: undefined, isSecure: false }), undefined);
  checking.blame('ping');
  assert.deepEqual(scene.told, [`client.penalized ${flooder}`, `clients.refused ${flooder}`]);
});

test('what all connections of an address leave unanswered is bounded, also where each keeps to its own bound', () => {
  const scene = new Scene();
  const leave = (address: string, connections: number): void => {
    for (let i = 0; i < connections; i++) {
      const arrival = scene.arrive(address) as Arrival;
      for (let stream = 0; stream < 199; stream++) arrival.noteUnanswered();
      arrival.leave();
    }
  };
  leave(flooder, 20);
  assert.notEqual(typeof scene.arrive(flooder), 'string', 'a building that loses its network is no flood');
  leave(flooder, 1);
  assert.equal(scene.arrive(flooder), 'flooded-before');
  assert.notEqual(typeof scene.arrive(neighbour), 'string');
  scene.nowMs += 1_000;
  leave(flooder, 1);
  assert.notEqual(typeof scene.arrive(flooder), 'string', 'at a pace that is no flood it goes on');
  leave(flooder, 1);
  assert.equal(scene.arrive(flooder), 'flooded-before');
});

test('while very many streams of all clients end unanswered, who comes may leave a few, and is refused where it does that again and again', () => {
  const scene = new Scene();
  const leave = (address: string, streams: number): Arrival => {
    const arrival = scene.arrive(address) as Arrival;
    for (let stream = 0; stream < streams; stream++) arrival.noteUnanswered();
    return arrival;
  };
  const crowd = Array.from({ length: 5 }, (_, i) => `203.0.113.${100 + i}`);
  for (const address of crowd.slice(0, 2)) leave(address, 200);
  assert.equal((scene.arrive(neighbour) as Arrival).isSuspect, false, 'two pages of much were left');
  leave('198.51.100.7', 10_000);
  leave('198.51.200.1', 10_000);
  assert.equal((scene.arrive(neighbour) as Arrival).isSuspect, false, 'exempt and trusted ones do not count');
  for (const address of crowd) leave(address, 199);
  assert.equal((scene.arrive(neighbour) as Arrival).isSuspect, true);
  assert.equal((scene.arrive('198.51.200.1') as Arrival).isSuspect, false, 'it speaks for many');
  for (let i = 0; i < 2; i++) (scene.arrive(flooder) as Arrival).blameSuspect();
  assert.notEqual(typeof scene.arrive(flooder), 'string', 'pages that were left');
  (scene.arrive(flooder) as Arrival).blameSuspect();
  assert.equal(scene.arrive(flooder), 'flooded-before');
  assert.notEqual(typeof scene.arrive(neighbour), 'string');
  scene.nowMs += 20_000;
  assert.equal((scene.arrive(neighbour) as Arrival).isSuspect, false, 'and it is over');
});
