/** When a command waits for its write and when it does not, and what becomes of what waits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AffinityKey } from '#shared/ids.ts';
import { Metrics } from '#shared/metrics.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { MemoryRosters } from '../../test/support/memory-rosters.ts';
import {
  CoreSession,
  answerJoin,
  askToJoin,
  broadcast,
  connect,
  connectionOf,
  disconnect,
  leave,
  tell,
  testEpoch,
} from '../../test/support/oct-core.ts';
import type { Command, ConnectCommand } from '../core/session-command.ts';
import type { MemberId } from '../core/session-state.ts';
import { DurableSession } from './durable-session.ts';

const ref = { key: 'key' as AffinityKey, epoch: testEpoch };

/** Ann, bob and cid in a session whose store can be held or broken. */
class Scene {
  readonly rosters = new MemoryRosters();
  /** What was done, but for what members said. */
  readonly told: string[] = [];
  readonly durable: DurableSession;
  nowMs = 0;
  fences = 0;
  failures = 0;

  private constructor() {
    this.durable = new DurableSession({
      ref,
      state: new CoreSession().state,
      isClaimed: true,
      isStored: false,
      store: this.rosters,
      metrics: new Metrics('ct_edge_'),
      nowMs: () => this.nowMs,
      perform: (effects) => this.told.push(...effects.map(tell)),
      onFenced: () => this.fences++,
      onFailed: () => this.failures++,
    });
  }

  static async open(): Promise<Scene> {
    const scene = new Scene();
    await scene.rosters.claim(ref);
    for (const name of ['ann', 'bob', 'cid']) await scene.enter(connect(name));
    await scene.settle();
    return scene;
  }

  async enter(command: ConnectCommand): Promise<void> {
    assert.equal(await this.durable.arrive(command), undefined);
    this.durable.apply(command);
  }

  /** What was told since the last time. */
  take(): string[] {
    return this.told.splice(0);
  }

  async settle(): Promise<string[]> {
    await this.durable.settled(10_000);
    return this.take();
  }

  async storedText(): Promise<string> {
    await this.durable.settled(10_000);
    const next = await this.rosters.claim(ref);
    assert.ok(next.kind === 'recalled');
    return Buffer.from(next.roster?.bytes ?? []).toString('latin1');
  }

  /** The members that the store has. */
  async stored(): Promise<readonly string[]> {
    const text = await this.storedText();
    return ['ann', 'bob', 'cid', 'dan'].filter((name) => text.includes(`key 1 of ${name}`));
  }
}

function removal(name: string, isBanned: boolean): Command {
  return { kind: 'remove', member: name as MemberId, userId: `user-${name}`, isBanned };
}

const bobLeft = ['left bob: left', 'ann-1 < bob left', 'cid-1 < bob left', 'expel bob-1'];

test('a departure is told when it is on the disk, and what members say meanwhile does not wait', async () => {
  const scene = await Scene.open();
  scene.take();
  const release = scene.rosters.hold();
  scene.durable.apply(leave('bob'));
  scene.durable.apply(broadcast('ann', { keys: ['cid'] }));
  assert.deepEqual(scene.take(), ['cid-1 < broadcast of ann: hi']);
  assert.equal(scene.durable.state.members.size, 3);
  release();
  assert.deepEqual(await scene.settle(), bobLeft);
  assert.deepEqual(await scene.stored(), ['ann', 'cid']);
});

test('who leaves and closes the connection at once has left all the same', async () => {
  const scene = await Scene.open();
  scene.take();
  scene.durable.apply(leave('bob'));
  scene.durable.apply(disconnect('bob'));
  assert.deepEqual(await scene.settle(), bobLeft.slice(0, 3));
});

test('a host’s answer counts although its connection breaks before it is written', async () => {
  const scene = await Scene.open();
  assert.equal(await scene.durable.applyKept(askToJoin('dan')), undefined);
  scene.take();
  scene.durable.apply(answerJoin('ann', 'dan'));
  scene.durable.apply(disconnect('ann'));
  assert.deepEqual(await scene.settle(), ['join-dan-1 approved']);
});

test('who comes back while the departure is written stays, and the store is told so', async () => {
  const scene = await Scene.open();
  const release = scene.rosters.hold();
  scene.durable.apply(disconnect('bob'));
  scene.nowMs += 30_000;
  scene.durable.apply({ kind: 'tick' });
  await eventually(() => scene.rosters.waiting === 1, 'the write is under way');
  scene.durable.apply(connect('bob', { nth: 2 }));
  release();
  await scene.settle();
  assert.ok(scene.durable.state.members.has('bob' as MemberId));
  assert.deepEqual(await scene.stored(), ['ann', 'bob', 'cid']);
});

test('who comes back while the end is written came too late, for tokens of an end are refused everywhere', async () => {
  const scene = await Scene.open();
  const release = scene.rosters.hold();
  scene.durable.apply(disconnect('ann'));
  scene.nowMs += 20_000;
  scene.durable.apply({ kind: 'tick' });
  await eventually(() => scene.rosters.waiting === 1, 'the write is under way');
  scene.durable.apply(connect('ann', { nth: 2 }));
  scene.take();
  release();
  const told = await scene.settle();
  assert.ok(told.includes('ann-2 < closed by ann: host-away-too-long'), told.join('; '));
  assert.ok(scene.durable.state.hasEnded);
  assert.deepEqual(await scene.stored(), []);
});

test('one who was expected and does not come is forgotten in the store too', async () => {
  const scene = await Scene.open();
  assert.equal(await scene.durable.arrive(connect('dan')), undefined);
  assert.deepEqual(await scene.stored(), ['ann', 'bob', 'cid', 'dan']);
  scene.durable.giveUp(connectionOf('dan'));
  assert.deepEqual(await scene.stored(), ['ann', 'bob', 'cid']);
});

test('changes that come together are one write', async () => {
  const scene = await Scene.open();
  const before = scene.rosters.writes;
  await Promise.all([1, 2, 3].map(async (nth) => await scene.durable.applyKept(askToJoin('dan', nth))));
  scene.durable.apply(leave('bob'));
  scene.durable.apply(leave('cid'));
  await scene.settle();
  assert.equal(scene.rosters.writes - before, 2);
});

test('where the store fails a yes of the host is a no with a reason, and everything else goes on at once', async () => {
  const scene = await Scene.open();
  await scene.durable.applyKept(askToJoin('dan'));
  await scene.settle();
  scene.rosters.isBroken = true;
  scene.durable.apply(answerJoin('ann', 'dan'));
  assert.deepEqual(await scene.settle(), ['join-dan-1 not-kept']);
  scene.durable.apply(leave('bob'));
  assert.deepEqual(scene.take(), bobLeft, 'without a wait, once it is known');
  assert.equal(await scene.durable.arrive(connect('dan')), 'roster-unavailable');
  const ban = removal('cid', true);
  assert.equal(await scene.durable.applyKept(ban), 'roster-unavailable');
  assert.deepEqual([scene.failures, scene.durable.isBehind], [1, true]);
  scene.rosters.isBroken = false;
  scene.durable.retry();
  assert.deepEqual(await scene.stored(), ['ann', 'cid']);
  assert.equal(scene.durable.isBehind, false);
  assert.equal(await scene.durable.arrive(connect('dan')), undefined);
});

test('a ban that comes while the removal of its member is written is written, too', async () => {
  const scene = await Scene.open();
  const release = scene.rosters.hold();
  const removed = scene.durable.applyKept(removal('cid', false));
  const banned = scene.durable.applyKept(removal('cid', true));
  release();
  assert.deepEqual(await Promise.all([removed, banned]), [undefined, undefined]);
  assert.deepEqual(await scene.stored(), ['ann', 'bob']);
  assert.deepEqual([...scene.durable.state.bans], ['cid', 'user-cid']);
  assert.match(await scene.storedText(), /user-cid/);
});

test('a write that finds another owner ends the session here, once, and refuses what waits', async () => {
  const scene = await Scene.open();
  await scene.rosters.claim({ ...ref, epoch: (testEpoch + 1) as typeof testEpoch });
  scene.take();
  const written = scene.rosters.writes;
  const codes = await Promise.all([
    scene.durable.applyKept(askToJoin('dan')),
    scene.durable.arrive(connect('eve')),
  ]);
  assert.deepEqual(codes, ['fenced', 'fenced']);
  scene.durable.apply(leave('bob'));
  assert.deepEqual(await scene.settle(), [], 'nobody is told of what was not written');
  assert.deepEqual([scene.fences, scene.rosters.writes - written], [1, 0]);
});

test('a session that is let go plays what waits, and writes no more', async () => {
  const scene = await Scene.open();
  const release = scene.rosters.hold();
  scene.durable.apply(leave('bob'));
  const asking = scene.durable.applyKept(askToJoin('dan'));
  const state = scene.durable.release();
  assert.deepEqual([...state.members.keys()], ['ann', 'cid']);
  assert.equal(await asking, 'roster-unavailable');
  const written = scene.rosters.writes;
  scene.durable.apply(leave('cid'));
  release();
  await scene.settle();
  assert.equal(scene.rosters.writes - written <= 1, true, 'the one that was under way');
});

test('who is banned or comes when the session has been let go is told that it is not kept here', async () => {
  const scene = await Scene.open();
  scene.durable.release();
  assert.equal(await scene.durable.applyKept(removal('cid', true)), 'edge-leaving');
  assert.equal(await scene.durable.applyKept(removal('cid', false)), 'edge-leaving');
  assert.equal(await scene.durable.applyKept({ kind: 'end' }), 'edge-leaving');
  assert.equal(await scene.durable.arrive(connect('cid')), 'edge-leaving');
});

test('a session that is dropped in the turn of a change writes nothing, least of all that it is over', async () => {
  const scene = await Scene.open();
  const written = scene.rosters.writes;
  scene.durable.apply(leave('bob'));
  scene.durable.stop('fenced');
  await scene.settle();
  assert.equal(scene.rosters.writes, written);
  assert.deepEqual(await scene.stored(), ['ann', 'bob', 'cid']);
});
