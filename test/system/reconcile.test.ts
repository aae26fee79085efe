/** What edges hold and what the directory says are made one again, whatever was lost; and a fleet is proved to be whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { DirectoryFile } from '../support/directory-file.ts';
import { startEdgeOf } from '../support/edge-process.ts';
import { adminToken, isReady, makeDataDir, startFrontDoor } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { runCommand } from '../support/run-command.ts';
import type { RunResult } from '../support/run-command.ts';
import { openDocument } from '../support/y-document.ts';

const often = { CT_RECONCILE_INTERVAL_MS: '500' };
const never = { CT_RECONCILE_INTERVAL_MS: '300000' };

/** Front doors on one directory, and two edges that have joined all of them. */
async function startFleet(
  t: TestContext,
  settings: readonly Record<string, string>[],
): Promise<{ doors: FrontDoor[]; file: DirectoryFile }> {
  const dataDir = makeDataDir(t);
  const doors: FrontDoor[] = [];
  for (const each of settings) doors.push(await startFrontDoor(t, { dataDir, settings: each }));
  for (const id of ['e1', 'e2']) startEdgeOf(t, doors, id);
  for (const door of doors)
    await eventually(async () => (await door.edges()).filter(isReady).length === 2, 'both edges are ready');
  return { doors, file: new DirectoryFile(t, dataDir) };
}

async function verify(t: TestContext, door: FrontDoor): Promise<RunResult> {
  return await runCommand(t, ['verify', '--admin', door.adminUrl], { CT_ADMIN_TOKEN: adminToken });
}

async function sumOf(doors: readonly FrontDoor[], name: string): Promise<number> {
  const counts = await Promise.all(doors.map(async (door) => await door.metric(name)));
  return counts.reduce((sum, count) => sum + count, 0);
}

function otherEdge(edge: string): string {
  return edge === 'e1' ? 'e2' : 'e1';
}

test('pins that the directory lost, or knows of an older epoch, come back with the edge’s epoch, and no session notices', async (t) => {
  const { doors, file } = await startFleet(t, [often, often]);
  const url = `http://${doors[0]!.host}`;
  const documents = [
    await openDocument(t, url, { key: 'removed', name: 'a' }),
    await openDocument(t, url, { key: 'behind', name: 'a' }),
    await openDocument(t, url, { key: 'idle', name: 'a' }),
  ];
  const before = ['removed', 'behind', 'idle'].map((key) => file.pin(key)!);
  file.removePin('removed');
  file.setEpoch('behind', before[1]!.epoch - 1);
  file.setState('idle', 'idle');
  await eventually(
    () =>
      JSON.stringify(['removed', 'behind', 'idle'].map((key) => file.pin(key))) === JSON.stringify(before),
    'all pins are as they were',
  );
  assert.deepEqual(
    documents.map(({ losses }) => losses()),
    [0, 0, 0],
  );
  const newest = await openDocument(t, url, { key: 'later', name: 'a' });
  assert.ok(file.pin('later')!.epoch > Math.max(...before.map(({ epoch }) => epoch)));
  assert.equal(newest.losses(), 0);
  await eventually(
    async () => (await sumOf(doors, 'ct_proxy_reconciled_total')) >= 3,
    'the repairs are counted',
  );
  assert.equal(await sumOf(doors, 'ct_proxy_split_detected_total'), 0);
});

test('a pin whose edge never heard of it falls idle, so that it ends; one that is used stays live', async (t) => {
  const { doors, file } = await startFleet(t, [often]);
  await openDocument(t, `http://${doors[0]!.host}`, { key: 'used', name: 'a' });
  file.plantPin('unheard', 'e1');
  await eventually(() => file.pin('unheard')!.state === 'idle', 'the pin that nobody claims is idle');
  assert.equal(file.pin('used')!.state, 'live');
});

test('a key with two owners is told by mooring verify; a front door that comes back finds, counts and ends it', async (t) => {
  const { doors, file } = await startFleet(t, [never, never, never]);
  const [one, other, third] = doors as [FrontDoor, FrontDoor, FrontDoor];
  await third.kill();
  const first = await openDocument(t, `http://${one.host}`, { key: 'split', name: 'a' });
  await openDocument(t, `http://${one.host}`, { key: 'whole', name: 'a' });
  const whole = await verify(t, one);
  assert.equal(whole.code, 0, whole.stdout + whole.stderr);
  assert.match(whole.stdout, /^e1 +1 +answered +\d+ +\d+ +0 +0$/m);
  assert.match(whole.stdout, /^2 keys held, 0 with two owners$/m);

  const { edge, epoch } = file.pin('split')!;
  const stolen = file.steal('split', otherEdge(edge));
  const second = await openDocument(t, `http://${other.host}`, { key: 'split', name: 'a' });
  const broken = await verify(t, one);
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /^SPLIT split: e1 \(epoch \d+\), e2 \(epoch \d+\)$/m);
  assert.ok(broken.stdout.includes(`(epoch ${epoch})`) && broken.stdout.includes(`(epoch ${stolen})`));
  assert.equal(first.losses(), 0, 'verifying changes nothing');

  const settings = { ...never, CT_CONTROL_PORT: String(third.controlPort) };
  const healer = await startFrontDoor(t, { dataDir: one.dataDir, settings });
  await eventually(
    () => first.losses() > 0 && first.provider.synced,
    'the member of the lower epoch is back',
  );
  first.text.insert(0, 'one session again');
  await eventually(() => second.text.toJSON() === 'one session again', 'both are in one session');
  assert.equal(second.losses(), 0);
  assert.equal(await healer.metric('ct_proxy_split_detected_total'), 1);
  const line = await healer.log.next(({ event }) => event === 'split.detected', 'the error line');
  assert.equal(line.level, 'error');
  assert.doesNotMatch(JSON.stringify(line), /"key":"split"/);
  const healed = await verify(t, one);
  assert.equal(healed.code, 0, healed.stdout + healed.stderr);
});

test('an edge that may serve and does not answer leaves it unproved', async (t) => {
  const dataDir = makeDataDir(t);
  const [one, other] = [await startFrontDoor(t, { dataDir }), await startFrontDoor(t, { dataDir })];
  startEdgeOf(t, [one, other], 'e1');
  startEdgeOf(t, [other], 'e2');
  await eventually(async () => (await other.edges()).filter(isReady).length === 2, 'both edges are ready');
  await eventually(async () => (await one.edges()).filter(isReady).length === 1, 'one knows one of them');
  const unproved = await verify(t, one);
  assert.equal(unproved.code, 1);
  assert.match(unproved.stdout, /^e2 +1 +silent/m);
  assert.match(unproved.stderr, /not proved: e2 may serve and did not answer/);
  assert.equal((await verify(t, other)).code, 0);
});

test('whoever holds an epoch that is over is told to close, and its members go on at the owner', async (t) => {
  const { doors, file } = await startFleet(t, [often, often]);
  const [one, other] = doors as [FrontDoor, FrontDoor];
  const first = await openDocument(t, `http://${one.host}`, { key: 'split', name: 'a' });
  const { edge } = file.pin('split')!;
  const stolen = file.steal('split', otherEdge(edge));
  const second = await openDocument(t, `http://${other.host}`, { key: 'split', name: 'a' });
  await eventually(
    () => first.losses() > 0 && first.provider.synced,
    'the member of the lower epoch is back',
  );
  first.text.insert(0, 'one session again');
  await eventually(() => second.text.toJSON() === 'one session again', 'both are in one session');
  assert.deepEqual([file.pin('split')!.edge, file.pin('split')!.epoch], [otherEdge(edge), stolen]);
  assert.ok((await sumOf(doors, 'ct_proxy_reconciled_total')) > 0);
  const proved = await verify(t, one);
  assert.equal(proved.code, 0, proved.stdout + proved.stderr);
});
