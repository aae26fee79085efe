/** What a directory must keep while several front doors ask at once: one owner per key, and epochs without a twin. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { keyOf, openConnections, register, won } from './conformance-store.ts';
import type { OpenStore } from './conformance-store.ts';
import type { Directory, EdgeRef, Pin, PinResult } from './directory.ts';

const connectionCount = 4;
const keyCount = 2_000;
/** Asked at once by one racer; between two chunks it renews its edge's lease, as an edge would. */
const chunk = 250;
/** Twice as many as there are connections: who moves the key is what is tried, and not how many calls can wait on a slow machine. */
const movedAtOnce = 16;

export function testDirectoryRaces(openStore: OpenStore): void {
  void test('front doors that place the same keys at the same time agree on one owner of each', async (t) => {
    const { directories, edges } = await openFleet(await openConnections(t, openStore, connectionCount));
    const keys = Array.from({ length: keyCount }, (_, i) => keyOf(`k${i}`));
    const results = await Promise.all(
      directories.map(async (directory, i) => await race(directory, keys, edges[i]!)),
    );
    assertOneWinner(keys, results);
    assert.equal(await directories[0]!.countPins(), keyCount);
  });

  void test('front doors that move the same keys at the same time agree on one new owner of each', async (t) => {
    const { directories, edges } = await openFleet(await openConnections(t, openStore, connectionCount));
    const dying = await register(directories[0]!, 'dying');
    const keys = Array.from({ length: chunk }, (_, i) => keyOf(`k${i}`));
    const pins = await Promise.all(keys.map(async (key) => won(await directories[0]!.insertPin(key, dying))));
    await directories[0]!.markGone(dying);
    const results = await Promise.all(
      directories.map(async (directory, i) => await moveAll(directory, pins, edges[i]!)),
    );
    const moved = assertOneWinner(keys, results);
    const highest = Math.max(...pins.map((pin) => pin.epoch));
    for (const pin of moved) assert.ok(pin.epoch > highest);
  });

  void test('boots of one edge id that register at the same time get an incarnation each, and one of them stays', async (t) => {
    const directories = await openConnections(t, openStore, connectionCount);
    const refs = await Promise.all(
      directories.map(async (directory, i) => await register(directory, 'e1', `boot-number-${i}`)),
    );
    assert.deepEqual(new Set(refs.map((ref) => ref.incarnation)), new Set([1, 2, 3, 4]));
    const over = await Promise.all(refs.map(async (ref) => await directories[0]!.isOver(ref)));
    assert.equal(over.filter((isOver) => !isOver).length, 1);
  });

  void test('one boot that registers everywhere at the same time gets one incarnation', async (t) => {
    const directories = await openConnections(t, openStore, connectionCount);
    const refs = await Promise.all(directories.map(async (directory) => await register(directory, 'e1')));
    assert.deepEqual(new Set(refs.map((ref) => ref.incarnation)), new Set([1]));
  });
}

/** One edge for each connection, so that a wrong winner shows. */
async function openFleet(directories: Directory[]): Promise<{ directories: Directory[]; edges: EdgeRef[] }> {
  const edges = [];
  for (const [i, directory] of directories.entries()) edges.push(await register(directory, `e${i}`));
  return { directories, edges };
}

async function race(directory: Directory, keys: readonly AffinityKey[], edge: EdgeRef): Promise<PinResult[]> {
  const results: PinResult[] = [];
  for (let from = 0; from < keys.length; from += chunk) {
    assert.equal(await directory.renewLease(edge), true);
    const asked = keys.slice(from, from + chunk).map(async (key) => await directory.insertPin(key, edge));
    results.push(...(await Promise.all(asked)));
  }
  return results;
}

/** Between two rounds it renews its edge's lease, as an edge would. */
async function moveAll(directory: Directory, pins: readonly Pin[], edge: EdgeRef): Promise<PinResult[]> {
  const results: PinResult[] = [];
  for (let from = 0; from < pins.length; from += movedAtOnce) {
    assert.equal(await directory.renewLease(edge), true);
    const some = pins.slice(from, from + movedAtOnce);
    results.push(
      ...(await Promise.all(some.map(async ({ key, epoch }) => await directory.movePin(key, epoch, edge)))),
    );
  }
  return results;
}

/** Each key was won once, everybody was told the winner, and no two keys share an epoch; returns the winners. */
function assertOneWinner(keys: readonly AffinityKey[], results: readonly PinResult[][]): Pin[] {
  const epochs = new Set<Epoch>();
  const winners = keys.map((key, i) => {
    const told = results.map((ofOne) => ofOne[i]!);
    const winning = told.filter((result) => result.kind === 'won');
    assert.equal(winning.length, 1, `${key} was won ${winning.length} times`);
    const { pin } = winning[0]!;
    for (const result of told)
      assert.deepEqual(result.kind === 'target-refused' ? undefined : result.pin, pin);
    epochs.add(pin.epoch);
    return pin;
  });
  assert.equal(epochs.size, keys.length);
  return winners;
}
