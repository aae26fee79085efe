/** The part of the conformance suite about pins whose owner is alive and has let its session go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyOf, openConnections, openOne, register, won } from './conformance-store.ts';
import type { OpenStore } from './conformance-store.ts';

export function testDirectoryHandovers(openStore: OpenStore): void {
  testHandovers(openStore);
  testDrainingOwners(openStore);
}

function testHandovers(openStore: OpenStore): void {
  void test('a pin that is handed over has exactly the epoch that was reserved, and no other pin ever gets it', async (t) => {
    const directory = await openOne(t, openStore);
    const [first, second] = [await register(directory, 'e1'), await register(directory, 'e2')];
    const { key, epoch: seen } = won(await directory.insertPin(keyOf('k1'), first));
    const [forward, back] = await directory.reserveEpochs();
    assert.ok(seen < forward && forward < back);
    const between = won(await directory.insertPin(keyOf('k2'), first));
    assert.ok(between.epoch > back);
    const moved = won(await directory.handOverPin({ key, seen, target: second, epoch: forward }));
    assert.equal(moved.epoch, forward);
    assert.deepEqual(moved.owner, second);
    assert.deepEqual(await directory.findPin(key), moved);
    const late = await directory.handOverPin({ key, seen, target: first, epoch: back });
    assert.deepEqual(late, { kind: 'found', pin: moved });
  });

  void test('of two that hand one pin over, one wins and the other follows', async (t) => {
    const [one, other] = await openConnections(t, openStore, 2);
    const edges = [
      await register(one!, 'e1'),
      await register(one!, 'e2'),
      await register(one!, 'e3'),
    ] as const;
    const { key, epoch: seen } = won(await one!.insertPin(keyOf('k1'), edges[0]));
    const epochs = await one!.reserveEpochs();
    const results = await Promise.all([
      one!.handOverPin({ key, seen, target: edges[1], epoch: epochs[0] }),
      other!.handOverPin({ key, seen, target: edges[2], epoch: epochs[1] }),
    ]);
    assert.deepEqual(results.map(({ kind }) => kind).toSorted(), ['found', 'won']);
    const [a, b] = results;
    assert.deepEqual('pin' in a && a.pin, 'pin' in b && b.pin);
  });
}

function testDrainingOwners(openStore: OpenStore): void {
  void test('an edge that drains gets its own session back, and no other one’s', async (t) => {
    const directory = await openOne(t, openStore);
    const [first, second] = [await register(directory, 'e1'), await register(directory, 'e2')];
    await directory.markDraining(first);
    const { key, epoch: seen } = won(await directory.insertPin(keyOf('k1'), second));
    const [forward, back] = await directory.reserveEpochs();
    assert.deepEqual(await directory.handOverPin({ key, seen, target: first, epoch: forward }), {
      kind: 'target-refused',
    });
    await directory.markDraining(second);
    assert.deepEqual(
      won(await directory.handOverPin({ key, seen, target: second, epoch: back })).owner,
      second,
    );
  });

  void test('nothing is handed over to an edge that is gone, or under an epoch that is not higher', async (t) => {
    const directory = await openOne(t, openStore);
    const [first, second] = [await register(directory, 'e1'), await register(directory, 'e2')];
    const [early] = await directory.reserveEpochs();
    const pin = won(await directory.insertPin(keyOf('k1'), first));
    const { key, epoch: seen } = pin;
    const [epoch] = await directory.reserveEpochs();
    const refused = { kind: 'target-refused' };
    assert.deepEqual(await directory.handOverPin({ key, seen, target: second, epoch: early }), refused);
    await directory.markGone(second);
    assert.deepEqual(await directory.handOverPin({ key, seen, target: second, epoch }), refused);
    assert.deepEqual(await directory.findPin(key), pin);
    const nowhere = await directory.handOverPin({ key: keyOf('k2'), seen, target: first, epoch });
    assert.deepEqual(nowhere, refused);
  });

  void test('an edge that drains takes keys again when it is marked up, and one that is gone does not', async (t) => {
    const directory = await openOne(t, openStore);
    const edge = await register(directory, 'e1');
    await directory.markDraining(edge);
    assert.equal((await directory.insertPin(keyOf('k1'), edge)).kind, 'target-refused');
    await directory.markUp(edge);
    won(await directory.insertPin(keyOf('k1'), edge));
    await directory.markGone(edge);
    await directory.markUp(edge);
    assert.equal(await directory.isOver(edge), true);
  });
}
