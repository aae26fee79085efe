/** What edges report reaches the store, also one that did not answer or went back to an older copy; on a real file. */
import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { EdgeReport } from '#shared/control-protocol.ts';
import { parseEdgeId } from '#shared/ids.ts';
import type { Incarnation } from '#shared/ids.ts';
import { silentLog } from '#shared/log.ts';
import { nameOwnNetwork } from '#shared/own-network.ts';
import { makeDataDir } from '../../test/support/front-door.ts';
import { noLoad } from '../../test/support/no-load.ts';
import { openSqliteDirectory } from '../directory/sqlite-directory.ts';
import type { Directory, EdgeRef } from '../directory/directory.ts';
import { LeasePromises } from './lease-promises.ts';
import { Membership } from './membership.ts';
import type { Joining } from './membership.ts';
import { EdgePool } from './pool.ts';

interface Scene {
  readonly directory: Directory;
  readonly file: Database.Database;
  readonly membership: Membership;
  readonly pool: EdgePool;
  readonly edge: EdgeRef;
}

async function openScene(t: TestContext): Promise<Scene> {
  const path = join(makeDataDir(t), 'directory.sqlite');
  const directory = await openSqliteDirectory(path);
  const file = new Database(path);
  const stopping = new AbortController();
  t.after(async () => {
    stopping.abort();
    file.close();
    await directory.close();
  });
  const nowMs = (): number => performance.now();
  const pool = new EdgePool();
  const membership = new Membership({
    directory,
    pool,
    promises: new LeasePromises(nowMs),
    log: silentLog(),
    probe: async () => await Promise.resolve('no-answer'),
    onLost: () => undefined,
    onRestored: () => undefined,
    nowMs,
    signal: stopping.signal,
  });
  const { edge } = await membership.join(joiningAs('boot-one'));
  return { directory, file, membership, pool, edge };
}

function joiningAs(bootId: string): Joining {
  return {
    id: parseEdgeId('e1')!,
    kind: 'edge',
    bootId,
    address: 'http://e1.test:3001',
    weight: 100,
    sessionsMax: 10,
    version: '',
    adminAddress: '',
  };
}

function reportOf(state: EdgeReport['state']): EdgeReport {
  return { type: 'report', sequence: 1, state, load: noLoad, lastEpoch: 0, idle: [], live: [] };
}

async function stateOf(directory: Directory): Promise<string | undefined> {
  return (await directory.listEdges())[0]?.state;
}

test('an edge that drains is known to drain again after the store lost it and had it back', async (t) => {
  const { directory, file, membership, edge } = await openScene(t);
  assert.equal(await membership.report(edge, reportOf('draining')), 'renewed');
  assert.equal(await stateOf(directory), 'draining');
  file.exec('DELETE FROM edge');
  assert.equal(await membership.report(edge, reportOf('draining')), 'renewed');
  assert.equal(await membership.report(edge, reportOf('draining')), 'renewed');
  assert.equal(await stateOf(directory), 'draining');
  assert.equal(await membership.report(edge, reportOf('ready')), 'renewed');
  assert.equal(await stateOf(directory), 'up');
});

test('what the store was not told of a drain, for it was locked, is told when it answers', async (t) => {
  const { directory, file, membership, edge } = await openScene(t);
  assert.equal(await membership.report(edge, reportOf('ready')), 'renewed');
  file.exec('BEGIN EXCLUSIVE');
  assert.equal(await membership.report(edge, reportOf('draining')), 'promised');
  file.exec('COMMIT');
  assert.equal(await membership.report(edge, reportOf('draining')), 'renewed');
  assert.equal(await stateOf(directory), 'draining');
});

test('an edge whose connection broke while the store is locked is taken in as the one that it was; another boot waits', async (t) => {
  const { file, membership, edge } = await openScene(t);
  file.exec('BEGIN EXCLUSIVE');
  assert.deepEqual((await membership.join(joiningAs('boot-one'))).edge, edge);
  assert.equal(await membership.report(edge, reportOf('ready')), 'promised');
  const other = membership.join(joiningAs('boot-two'));
  file.exec('COMMIT');
  assert.equal((await other).edge.incarnation, edge.incarnation + 1);
  assert.equal(await membership.report(edge, reportOf('ready')), 'over');
});

test('an edge that another front door registered is taken in at its word while the store is locked; one that has a newer boot waits', async (t) => {
  const { file, membership, pool, edge } = await openScene(t);
  const stranger = { ...joiningAs('boot-of-e2'), id: parseEdgeId('e2')! };
  file.exec('BEGIN EXCLUSIVE');
  const told = { id: stranger.id, incarnation: 7 as Incarnation };
  assert.deepEqual(await membership.join({ ...stranger, incarnation: 7 }), { edge: told, isPromised: true });
  const newer = { ...edge, incarnation: (edge.incarnation + 1) as Incarnation };
  const joining = { ...joiningAs('boot-two'), incarnation: newer.incarnation };
  assert.deepEqual(await membership.join(joining), { edge: newer, isPromised: true });
  assert.equal(await membership.report(newer, reportOf('ready')), 'promised');
  const older = membership.join({ ...joiningAs('boot-one'), incarnation: edge.incarnation });
  assert.equal(await membership.report(edge, reportOf('ready')), 'over');
  assert.equal(pool.find(edge), undefined);
  assert.ok(pool.find(newer));
  file.exec('ROLLBACK');
  await older;
});

test('an edge that another front door registered keeps its incarnation, also where the store has lost it since', async (t) => {
  const { directory, file, membership, edge } = await openScene(t);
  const { bootId } = joiningAs('boot-one');
  const again = { ...joiningAs(bootId), incarnation: edge.incarnation };
  assert.deepEqual(await membership.join(again), { edge, isPromised: false });
  file.exec('DELETE FROM edge');
  const far = { ...again, incarnation: edge.incarnation + 3 };
  const kept = { ...edge, incarnation: (edge.incarnation + 3) as Incarnation };
  assert.deepEqual(await membership.join(far), { edge: kept, isPromised: false });
  assert.equal(await directory.isOver(kept), false);
  assert.equal(await membership.report(kept, reportOf('ready')), 'renewed');
});

test('an edge that is over is not taken at its word, and neither is it when the store is locked afterwards', async (t) => {
  const { file, membership, edge } = await openScene(t);
  file.exec("UPDATE edge SET state = 'gone'");
  const claim = { ...joiningAs('boot-two'), incarnation: edge.incarnation };
  const { edge: next } = await membership.join(claim);
  assert.equal(next.incarnation, edge.incarnation + 1);
  file.exec('BEGIN EXCLUSIVE');
  assert.equal(await membership.report(edge, reportOf('ready')), 'over');
  file.exec('ROLLBACK');
});

test('an edge that was seen to be over gets no promise when the store is locked afterwards, and is not taken in', async (t) => {
  const { file, membership, edge } = await openScene(t);
  file.exec("UPDATE edge SET state = 'gone'");
  assert.equal(await membership.report(edge, reportOf('ready')), 'over');
  file.exec('BEGIN EXCLUSIVE');
  assert.equal(await membership.report(edge, reportOf('ready')), 'over');
  const joining = membership.join(joiningAs('boot-one'));
  assert.equal(await membership.report(edge, reportOf('ready')), 'over');
  file.exec('ROLLBACK');
  await joining;
});

test('an edge that was silent until its lease had lapsed gets no promise when it comes back and the store is locked', async (t) => {
  const { file, membership, edge } = await openScene(t);
  assert.equal(await membership.report(edge, reportOf('ready')), 'renewed');
  file.exec('UPDATE edge SET lease_until = 0');
  await membership.followSilence(edge, () => false);
  assert.deepEqual((await membership.join(joiningAs('boot-one'))).edge, edge);
  file.exec('BEGIN EXCLUSIVE');
  assert.equal(await membership.report(edge, reportOf('ready')), 'over');
  file.exec('ROLLBACK');
});

test('connections are handed on to an edge of the same network alone: elsewhere they would go with the network that they are of', async (t) => {
  const { membership, pool } = await openScene(t);
  const handoff = { path: '/run/e1.handoff', secret: 'a secret of the edge' };
  for (const network of [nameOwnNetwork(), 'net:[1]', '']) {
    const { edge } = await membership.join({
      ...joiningAs(`boot-${network}`),
      handoff: { ...handoff, network },
    });
    assert.equal(pool.find(edge)?.handoff !== undefined, network === nameOwnNetwork(), network);
  }
});
