/** The part of the conformance suite that lets leases run out: who is over then, and for how long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edgeIdOf, keyOf, openConnectionsTo, register, won } from './conformance-store.ts';
import type { OpenStore } from './conformance-store.ts';

export function testDirectoryLeases(openStore: OpenStore): void {
  void test('an edge whose lease has run out takes no keys, loses those that it has, and is over for good', async (t) => {
    const store = await openStore();
    const directory = (await openConnectionsTo(t, store, 1))[0]!;
    const edge = await register(directory, 'e1');
    const kept = won(await directory.insertPin(keyOf('k1'), edge));
    const lost = won(await directory.insertPin(keyOf('k2'), edge));
    await store.letLeaseRunOut(directory, edge);
    assert.equal((await directory.findPin(kept.key))?.ownerIsOver, true);
    assert.equal((await directory.insertPin(keyOf('k3'), edge)).kind, 'target-refused');
    assert.equal((await directory.movePin(lost.key, lost.epoch, edge)).kind, 'target-refused');
    const other = await register(directory, 'e2');
    const moved = won(await directory.movePin(lost.key, lost.epoch, other));
    assert.equal(await directory.renewLease(edge), false);
    assert.equal((await directory.findPin(kept.key))?.ownerIsOver, true);
    assert.deepEqual(await directory.findPin(lost.key), moved);
    const next = await register(directory, 'e1', 'boot-two');
    assert.equal(next.incarnation, edge.incarnation + 1);
    assert.equal(
      won(await directory.movePin(kept.key, kept.epoch, next)).owner.incarnation,
      next.incarnation,
    );
  });

  void test('a static backend whose lease has run out has its keys again when it renews, but for those that moved', async (t) => {
    const store = await openStore();
    const directory = (await openConnectionsTo(t, store, 1))[0]!;
    const backend = {
      id: edgeIdOf('b1'),
      kind: 'static',
      bootId: 'http://b1',
      address: 'http://b1',
      weight: 100,
    } as const;
    const edge = { id: backend.id, incarnation: await directory.registerEdge(backend) };
    const kept = won(await directory.insertPin(keyOf('k1'), edge));
    const lost = won(await directory.insertPin(keyOf('k2'), edge));
    await store.letLeaseRunOut(directory, edge);
    const moved = won(await directory.movePin(lost.key, lost.epoch, await register(directory, 'e2')));
    assert.equal(await directory.renewLease(edge), true);
    assert.deepEqual(await directory.findPin(kept.key), kept);
    assert.deepEqual(await directory.findPin(lost.key), moved);
    assert.equal((await directory.movePin(moved.key, moved.epoch, edge)).kind, 'found');
  });
}
