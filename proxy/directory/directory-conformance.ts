/**
 * What every implementation of `Directory` must keep, as tests against a real store. The caller says how to
 * open connections to a fresh store; several are opened where a promise holds between front doors.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Epoch } from '#shared/ids.ts';
import { addressOf, edgeIdOf, keyOf, openConnections, openOne, register, won } from './conformance-store.ts';
import type { OpenStore } from './conformance-store.ts';
import { testDirectoryClaims } from './directory-claims.ts';
import { testFleetSettings } from './directory-fleet-settings.ts';
import { testDirectoryHandovers } from './directory-handovers.ts';
import { testDirectoryLeases } from './directory-leases.ts';
import { testDirectoryRaces } from './directory-races.ts';

/** Declares the whole suite. */
export function testDirectory(openStore: OpenStore): void {
  testRegistration(openStore);
  testPins(openStore);
  testMoves(openStore);
  testIdlePins(openStore);
  testRemovedPin(openStore);
  testDirectoryHandovers(openStore);
  testDirectoryClaims(openStore);
  testFleetSettings(openStore);
  testDirectoryLeases(openStore);
  testDirectoryRaces(openStore);
}

const stale = 0 as Epoch;

function testRegistration(openStore: OpenStore): void {
  void test('a boot gets the same incarnation however often it registers, and through whichever front door', async (t) => {
    const [one, other] = await openConnections(t, openStore, 2);
    const first = await register(one!, 'e1');
    assert.deepEqual(first, { id: 'e1', incarnation: 1 });
    assert.deepEqual(await register(other!, 'e1'), first);
    assert.deepEqual(await register(one!, 'e1'), first);
  });

  void test('a newer boot gets a newer incarnation, and the older one is over for good', async (t) => {
    const directory = await openOne(t, openStore);
    const older = await register(directory, 'e1', 'boot-one');
    const newer = await register(directory, 'e1', 'boot-two');
    assert.ok(newer.incarnation > older.incarnation);
    assert.equal(await directory.isOver(older), true);
    assert.equal(await directory.renewLease(older), false);
    assert.equal(await directory.isOver(newer), false);
    assert.equal(await directory.renewLease(newer), true);
  });

  void test('an edge that nobody registered is over', async (t) => {
    const directory = await openOne(t, openStore);
    const { incarnation } = await register(directory, 'e1');
    const stranger = { id: edgeIdOf('e2'), incarnation };
    assert.equal(await directory.isOver(stranger), true);
    assert.equal(await directory.renewLease(stranger), false);
  });

  void test('an edge that is gone stays gone: no renewal, drain or registration of the boot brings it back', async (t) => {
    const directory = await openOne(t, openStore);
    const edge = await register(directory, 'e1');
    await directory.markGone(edge);
    await directory.markDraining(edge);
    assert.deepEqual(await register(directory, 'e1'), edge);
    assert.equal(await directory.renewLease(edge), false);
    assert.equal(await directory.isOver(edge), true);
    assert.equal((await directory.insertPin(keyOf('k1'), edge)).kind, 'target-refused');
  });

  void test('the list of edges shows each with its state, lease and number of pins', async (t) => {
    const directory = await openOne(t, openStore);
    const first = await register(directory, 'e1');
    const second = await register(directory, 'e2', 'boot-two');
    won(await directory.insertPin(keyOf('k1'), first));
    await directory.markDraining(second);
    const rows = await directory.listEdges();
    const counts = await directory.countPinsByEdge();
    const seen = rows.map(({ id, incarnation, bootId, address, state }) =>
      [id, incarnation, bootId, address, state, counts.get(id) ?? 0].join(' '),
    );
    assert.deepEqual(seen, [
      `e1 1 boot-one ${addressOf('e1', 'boot-one')} up 1`,
      `e2 1 boot-two ${addressOf('e2', 'boot-two')} draining 0`,
    ]);
    for (const row of rows) assert.ok(row.leaseLeftMs <= 3_000);
  });
}

function testPins(openStore: OpenStore): void {
  void test('a key is placed once; whoever comes later is told where', async (t) => {
    const [one, other] = await openConnections(t, openStore, 2);
    const first = await register(one!, 'e1');
    const second = await register(one!, 'e2');
    assert.equal(await one!.findPin(keyOf('k1')), undefined);
    const pin = won(await one!.insertPin(keyOf('k1'), first));
    assert.deepEqual(pin, {
      key: 'k1',
      owner: first,
      epoch: pin.epoch,
      state: 'live',
      address: addressOf('e1', 'boot-one'),
      ownerIsOver: false,
    });
    assert.deepEqual(await other!.insertPin(keyOf('k1'), second), { kind: 'found', pin });
    assert.deepEqual(await other!.findPin(keyOf('k1')), pin);
    assert.equal(await other!.countPins(), 1);
  });

  void test('only an edge that is up takes keys', async (t) => {
    const directory = await openOne(t, openStore);
    const old = await register(directory, 'e1', 'boot-one');
    await register(directory, 'e1', 'boot-two');
    const gone = await register(directory, 'e2');
    await directory.markGone(gone);
    const stranger = { id: edgeIdOf('e9'), incarnation: old.incarnation };
    for (const target of [old, gone, stranger]) {
      assert.deepEqual(await directory.insertPin(keyOf('k1'), target), { kind: 'target-refused' });
    }
    assert.equal(await directory.findPin(keyOf('k1')), undefined);
  });

  void test('a draining edge keeps its pins and gets no new ones', async (t) => {
    const directory = await openOne(t, openStore);
    const edge = await register(directory, 'e1');
    const pin = won(await directory.insertPin(keyOf('k1'), edge));
    await directory.markDraining(edge);
    assert.deepEqual(await directory.findPin(keyOf('k1')), pin);
    assert.equal(await directory.renewLease(edge), true);
    assert.equal(await directory.isOver(edge), false);
    assert.deepEqual(await directory.insertPin(keyOf('k2'), edge), { kind: 'target-refused' });
  });

  void test('the list of pins starts with the newest and ends at its limit', async (t) => {
    const directory = await openOne(t, openStore);
    const edge = await register(directory, 'e1');
    for (const name of ['k1', 'k2', 'k3']) won(await directory.insertPin(keyOf(name), edge));
    const pins = await directory.listPins(2);
    assert.deepEqual(
      pins.map((pin) => pin.key),
      ['k3', 'k2'],
    );
  });
}

function testMoves(openStore: OpenStore): void {
  void test('a pin moves only when its owner is over, and its epoch rises', async (t) => {
    const directory = await openOne(t, openStore);
    const [first, second] = [await register(directory, 'e1'), await register(directory, 'e2')];
    const pin = won(await directory.insertPin(keyOf('k1'), first));
    assert.deepEqual(await directory.movePin(pin.key, pin.epoch, second), { kind: 'found', pin });
    await directory.markGone(first);
    assert.deepEqual(await directory.findPin(pin.key), { ...pin, ownerIsOver: true });
    const moved = won(await directory.movePin(pin.key, pin.epoch, second));
    assert.ok(moved.epoch > pin.epoch);
    assert.deepEqual(moved.owner, second);
    assert.equal(moved.ownerIsOver, false);
  });

  void test('a newer incarnation ends the older one’s right: its pins move, and to itself as well', async (t) => {
    const directory = await openOne(t, openStore);
    const older = await register(directory, 'e1', 'boot-one');
    const pin = won(await directory.insertPin(keyOf('k1'), older));
    const newer = await register(directory, 'e1', 'boot-two');
    assert.equal((await directory.findPin(pin.key))?.ownerIsOver, true);
    assert.deepEqual(won(await directory.movePin(pin.key, pin.epoch, newer)).owner, newer);
  });

  void test('a move by an epoch that is not the pin’s tells who owns it', async (t) => {
    const directory = await openOne(t, openStore);
    const [first, second] = [await register(directory, 'e1'), await register(directory, 'e2')];
    const pin = won(await directory.insertPin(keyOf('k1'), first));
    await directory.markGone(first);
    const found = await directory.movePin(pin.key, stale, second);
    assert.deepEqual(found, { kind: 'found', pin: { ...pin, ownerIsOver: true } });
  });

  void test('a pin does not move to an edge that may not take keys', async (t) => {
    const directory = await openOne(t, openStore);
    const [first, second] = [await register(directory, 'e1'), await register(directory, 'e2')];
    const pin = won(await directory.insertPin(keyOf('k1'), first));
    await directory.markGone(first);
    await directory.markDraining(second);
    assert.deepEqual(await directory.movePin(pin.key, pin.epoch, second), { kind: 'target-refused' });
    assert.deepEqual(await directory.movePin(pin.key, pin.epoch, first), { kind: 'target-refused' });
    assert.equal((await directory.findPin(pin.key))?.epoch, pin.epoch);
  });

  void test('a move of a pin that has ended places the key anew, with an epoch above all before', async (t) => {
    const directory = await openOne(t, openStore);
    const edge = await register(directory, 'e1');
    const pin = won(await directory.insertPin(keyOf('k1'), edge));
    await directory.markPins([pin], 'idle');
    assert.deepEqual(await directory.removeIdlePins(0, 10), ['k1']);
    assert.ok(won(await directory.movePin(pin.key, pin.epoch, edge)).epoch > pin.epoch);
  });
}

function testIdlePins(openStore: OpenStore): void {
  const longMs = 3_600_000;

  void test('an idle pin is removed after its linger and not before; a live one never', async (t) => {
    const directory = await openOne(t, openStore);
    const edge = await register(directory, 'e1');
    const idle = won(await directory.insertPin(keyOf('k1'), edge));
    const live = won(await directory.insertPin(keyOf('k2'), edge));
    await directory.markPins([idle], 'idle');
    assert.equal((await directory.findPin(idle.key))?.state, 'idle');
    assert.deepEqual(await directory.removeIdlePins(longMs, 10), []);
    assert.deepEqual(await directory.removeIdlePins(0, 10), ['k1']);
    assert.equal(await directory.findPin(idle.key), undefined);
    assert.deepEqual(await directory.findPin(live.key), live);
  });

  void test('a key that came back before its linger ended is not removed', async (t) => {
    const directory = await openOne(t, openStore);
    const edge = await register(directory, 'e1');
    const pin = won(await directory.insertPin(keyOf('k1'), edge));
    await directory.markPins([pin], 'idle');
    await directory.markPins([pin], 'live');
    assert.deepEqual(await directory.removeIdlePins(0, 10), []);
    assert.deepEqual(await directory.findPin(pin.key), pin);
  });

  void test('marks of a stale epoch change nothing, either way', async (t) => {
    const directory = await openOne(t, openStore);
    const [first, second] = [await register(directory, 'e1'), await register(directory, 'e2')];
    const old = won(await directory.insertPin(keyOf('k1'), first));
    await directory.markGone(first);
    const moved = won(await directory.movePin(old.key, old.epoch, second));
    await directory.markPins([old], 'idle');
    assert.deepEqual(await directory.findPin(moved.key), moved);
    await directory.markPins([moved], 'idle');
    await directory.markPins([old], 'live');
    assert.equal((await directory.findPin(moved.key))?.state, 'idle');
  });

  void test('a removal ends at its limit and goes on with the next call', async (t) => {
    const directory = await openOne(t, openStore);
    const edge = await register(directory, 'e1');
    const pins = [];
    for (const name of ['k1', 'k2', 'k3']) pins.push(won(await directory.insertPin(keyOf(name), edge)));
    await directory.markPins(pins, 'idle');
    const first = await directory.removeIdlePins(0, 2);
    const second = await directory.removeIdlePins(0, 2);
    assert.equal(first.length, 2);
    assert.deepEqual([...first, ...second].sort(), ['k1', 'k2', 'k3']);
    assert.equal(await directory.countPins(), 0);
  });

  void test('a pin whose owner is over, and that nobody asks for, lingers and is removed like an idle one', async (t) => {
    const directory = await openOne(t, openStore);
    const [first, second] = [await register(directory, 'e1'), await register(directory, 'e2')];
    const orphan = won(await directory.insertPin(keyOf('k1'), first));
    won(await directory.insertPin(keyOf('k2'), second));
    await directory.markGone(first);
    assert.deepEqual(await directory.removeIdlePins(longMs, 10), []);
    assert.equal((await directory.findPin(orphan.key))?.state, 'idle');
    assert.deepEqual(await directory.removeIdlePins(0, 10), ['k1']);
    assert.equal(await directory.countPins(), 1);
  });
}

function testRemovedPin(openStore: OpenStore): void {
  void test('one pin is removed by its epoch, and not where it has another one by now', async (t) => {
    const directory = await openOne(t, openStore);
    const [first, second] = [await register(directory, 'e1'), await register(directory, 'e2')];
    const old = won(await directory.insertPin(keyOf('k1'), first));
    await directory.markGone(first);
    const moved = won(await directory.movePin(old.key, old.epoch, second));
    assert.equal(await directory.removePin(old.key, old.epoch), false);
    assert.deepEqual(await directory.findPin(old.key), moved);
    assert.equal(await directory.removePin(moved.key, moved.epoch), true);
    assert.equal(await directory.removePin(moved.key, moved.epoch), false);
    assert.equal(await directory.findPin(old.key), undefined);
    assert.ok(won(await directory.insertPin(old.key, second)).epoch > moved.epoch);
  });
}
