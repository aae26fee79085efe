/** The part of the conformance suite about what edges say that they have: pins that the store lost, and lists to compare. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Epoch, Incarnation } from '#shared/ids.ts';
import { keyOf, openConnections, openOne, register, registrationOf, won } from './conformance-store.ts';
import type { OpenStore } from './conformance-store.ts';

export function testDirectoryClaims(openStore: OpenStore): void {
  testRestoring(openStore);
  testLostEdges(openStore);
  testManyClaims(openStore);
  testManyPlacements(openStore);
  testLivePins(openStore);
}

const later = 1_000;

function testRestoring(openStore: OpenStore): void {
  void test('a pin that the store lost is put back with its epoch, and no epoch given out later is lower', async (t) => {
    const directory = await openOne(t, openStore);
    const [first, second] = [await register(directory, 'e1'), await register(directory, 'e2')];
    const { epoch } = won(await directory.insertPin(keyOf('k1'), first));
    const ahead = (epoch + later) as Epoch;
    const restored = won(await directory.restorePin({ key: keyOf('k2'), owner: second, epoch: ahead }));
    assert.deepEqual([restored.owner, restored.epoch, restored.state], [second, ahead, 'live']);
    assert.deepEqual(await directory.findPin(keyOf('k2')), restored);
    assert.ok(won(await directory.insertPin(keyOf('k3'), first)).epoch > ahead);
  });

  void test('of a claim and a pin the higher epoch counts: a store that has gone back follows the edge', async (t) => {
    const directory = await openOne(t, openStore);
    const [first, second] = [await register(directory, 'e1'), await register(directory, 'e2')];
    const pin = won(await directory.insertPin(keyOf('k1'), first));
    const { key, epoch } = pin;
    const equal = await directory.restorePin({ key, owner: second, epoch });
    assert.deepEqual(equal, { kind: 'found', pin });
    const lower = await directory.restorePin({ key, owner: second, epoch: (epoch - 1) as Epoch });
    assert.deepEqual(lower, { kind: 'found', pin });
    await directory.markPins([{ key, epoch }], 'idle');
    const higher = (epoch + 1) as Epoch;
    const moved = won(await directory.restorePin({ key, owner: second, epoch: higher }));
    assert.deepEqual([moved.owner, moved.epoch, moved.state], [second, higher, 'live']);
  });

  void test('only who may serve puts a pin back: a draining edge does, one that is over does not', async (t) => {
    const directory = await openOne(t, openStore);
    const edge = await register(directory, 'e1');
    const { epoch } = won(await directory.insertPin(keyOf('k1'), edge));
    await directory.markDraining(edge);
    won(await directory.restorePin({ key: keyOf('k2'), owner: edge, epoch: (epoch + 1) as Epoch }));
    await directory.markGone(edge);
    const late = { key: keyOf('k3'), owner: edge, epoch: (epoch + 2) as Epoch };
    assert.deepEqual(await directory.restorePin(late), { kind: 'target-refused' });
    const raised = { key: keyOf('k1'), owner: edge, epoch: (epoch + 2) as Epoch };
    assert.deepEqual(await directory.restorePin(raised), { kind: 'target-refused' });
    assert.equal(await directory.findPin(late.key), undefined);
  });

  void test('of two that claim one lost key at once, the higher epoch has it', async (t) => {
    const [one, other] = await openConnections(t, openStore, 2);
    const [first, second] = [await register(one!, 'e1'), await register(one!, 'e2')];
    const { epoch } = won(await one!.insertPin(keyOf('k1'), first));
    const key = keyOf('k2');
    await Promise.all([
      one!.restorePin({ key, owner: first, epoch: (epoch + 2) as Epoch }),
      other!.restorePin({ key, owner: second, epoch: (epoch + 1) as Epoch }),
    ]);
    assert.deepEqual((await one!.findPin(key))?.owner, first);
  });
}

function testLostEdges(openStore: OpenStore): void {
  void test('an edge that the store lost is taken up with its incarnation; one that it knows, or knows to be over, is not', async (t) => {
    const directory = await openOne(t, openStore);
    const lost = { ...(await register(directory, 'e1')), incarnation: 7 as Incarnation };
    const registration = { ...registrationOf('e1', 'boot-seven') };
    assert.equal(await directory.renewLease(lost), false);
    assert.equal(await directory.restoreEdge(registration, lost.incarnation), true);
    assert.equal(await directory.renewLease(lost), true);
    won(await directory.insertPin(keyOf('k1'), lost));
    assert.deepEqual(await register(directory, 'e1', 'boot-seven'), lost);
    await directory.markGone(lost);
    assert.equal(await directory.restoreEdge(registration, lost.incarnation), false);
    assert.equal(await directory.restoreEdge(registration, 6 as Incarnation), false);
    assert.equal(await directory.renewLease(lost), false);
    assert.equal(await directory.restoreEdge(registrationOf('e2', 'boot-two'), 3 as Incarnation), true);
  });
}

function testManyClaims(openStore: OpenStore): void {
  void test('many claims at once are answered as each by itself', async (t) => {
    const directory = await openOne(t, openStore);
    const [first, second] = [await register(directory, 'e1'), await register(directory, 'e2')];
    const gone = await register(directory, 'e3');
    await directory.markGone(gone);
    const taken = won(await directory.insertPin(keyOf('taken'), first));
    const old = won(await directory.insertPin(keyOf('old'), first));
    const claims = [
      ...Array.from({ length: 1_500 }, (_, i) => ({ key: keyOf(`n${i}`), owner: second, epoch: 1 as Epoch })),
      { key: taken.key, owner: second, epoch: 1 as Epoch },
      { key: old.key, owner: second, epoch: (old.epoch + 1) as Epoch },
      { key: keyOf('of-nobody'), owner: gone, epoch: 1 as Epoch },
    ];
    const kinds = async (): Promise<string[]> =>
      (await directory.restorePins(claims)).map(({ kind }) => kind);
    const news = (kind: string): string[] => Array.from({ length: 1_500 }, () => kind);
    assert.deepEqual(await kinds(), [...news('won'), 'found', 'won', 'target-refused']);
    assert.equal(await directory.countPins(), 1_502);
    assert.deepEqual((await directory.findPin(old.key))?.owner, second);
    assert.deepEqual(await directory.findPin(taken.key), taken);
  });
}

function testManyPlacements(openStore: OpenStore): void {
  void test('of many pins that are stored at once only what is elsewhere is told, also where two front doors have the same ones', async (t) => {
    const [one, other] = await openConnections(t, openStore, 2);
    const [first, second] = [await register(one!, 'e1'), await register(one!, 'e2')];
    const gone = await register(one!, 'e3');
    await one!.markGone(gone);
    const taken = won(await one!.insertPin(keyOf('taken'), first));
    const asked = [
      ...Array.from({ length: 2_500 }, (_, i) => ({ key: keyOf(`n${i}`), target: second })),
      { key: taken.key, target: second },
      { key: keyOf('null'), target: first },
      { key: keyOf('of-nobody'), target: gone },
    ];
    // From both ends, so that they meet in between.
    const [results, reversed] = await Promise.all([
      one!.storePins(asked),
      other!.storePins(asked.toReversed()),
    ]);
    const differing = [undefined, { kind: 'found', pin: taken }, undefined, { kind: 'target-refused' }];
    for (const answers of [results, reversed.toReversed()]) {
      assert.equal(answers.length, asked.length);
      assert.deepEqual(answers.slice(2_499), differing);
      assert.ok(answers.slice(0, 2_499).every((result) => result === undefined));
    }
    const owned = await one!.listLivePins(second, '', 3_000);
    assert.equal(owned.length, 2_500);
    assert.equal(new Set(owned.map(({ epoch }) => epoch)).size, 2_500);
    assert.ok(owned.every(({ epoch }) => epoch > taken.epoch));
    assert.deepEqual((await one!.findPin(keyOf('null')))?.owner, first);
    assert.equal(await one!.countPins(), 2_502);
    // Where all is stored, and where nothing is.
    assert.deepEqual(await one!.storePins(asked.slice(0, 2)), [undefined, undefined]);
    const atOthers = asked.slice(0, 900).map(({ key }) => ({ key, target: first }));
    const pins = await one!.storePins(atOthers);
    assert.deepEqual(pins[899], { kind: 'found', pin: await one!.findPin(atOthers[899]!.key) });
    assert.ok(pins.every((result) => result?.kind === 'found'));
    assert.deepEqual(await one!.storePins([]), []);
  });
}

function testLivePins(openStore: OpenStore): void {
  void test('live pins of one incarnation are listed in the order of their bytes, in parts, also when it is over', async (t) => {
    const directory = await openOne(t, openStore);
    const [edge, other] = [await register(directory, 'e1'), await register(directory, 'e2')];
    const names = ['a', 'A', 'b', '~', '-', '10', '9', '_', 'a.b', 'ab'];
    for (const name of names) won(await directory.insertPin(keyOf(name), edge));
    won(await directory.insertPin(keyOf('c'), other));
    const idle = won(await directory.insertPin(keyOf('d'), edge));
    await directory.markPins([idle], 'idle');
    const sorted = names.toSorted();
    const first = await directory.listLivePins(edge, '', 4);
    assert.deepEqual(
      first.map(({ key }) => key),
      sorted.slice(0, 4),
    );
    assert.deepEqual(first[0], await directory.findPin(keyOf(sorted[0]!)));
    await directory.markGone(edge);
    const rest = await directory.listLivePins(edge, first.at(-1)!.key, 100);
    assert.deepEqual(
      rest.map(({ key, ownerIsOver }) => [key, ownerIsOver]),
      sorted.slice(4).map((key) => [key, true]),
    );
    const next = await register(directory, 'e1', 'boot-two');
    assert.deepEqual(await directory.listLivePins(next, '', 100), []);
  });
}
