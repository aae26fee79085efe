/** Regions through real front doors: new sessions stay in the region of who begins them, while somebody is there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { locatorOf, startEdge, startEdgeOf } from '../support/edge-process.ts';
import { adminToken, ask, isReady, makeDataDir, startFrontDoor } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { runCommand } from '../support/run-command.ts';
import type { RunResult } from '../support/run-command.ts';

async function mooring(t: TestContext, door: FrontDoor, ...args: string[]): Promise<RunResult> {
  return await runCommand(t, [...args, '--admin', door.adminUrl], { CT_ADMIN_TOKEN: adminToken });
}

async function put(
  door: FrontDoor,
  body: unknown,
  token = adminToken,
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${door.adminUrl}/admin/regions`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

let keys = 0;

/** Edges of so many new keys that a client at this address brings. */
async function edgesFor(door: FrontDoor, address: string, count = 12): Promise<Set<string>> {
  const edges = new Set<string>();
  for (let i = 0; i < count; i++) {
    const headers = { 'x-forwarded-for': address, ctstickiness: `key-${keys++}` };
    const { status, text } = await ask(door, '/ct-health/', { headers });
    assert.equal(status, 200, text);
    edges.add((JSON.parse(text) as { edge: string }).edge);
  }
  return edges;
}

/** All of these get new keys of the address, and no other edge one. On a busy machine one may get a dozen in a row. */
async function goesTo(door: FrontDoor, address: string, edges: readonly string[]): Promise<void> {
  const seen = new Set<string>();
  await eventually(async () => {
    for (const edge of await edgesFor(door, address)) seen.add(edge);
    return seen.size >= edges.length;
  }, `${address} has been sent to ${edges.length} edges`);
  assert.deepEqual([...seen].toSorted(), edges);
}

test('a new key goes to the region of its client, also through another front door; without an edge there, to the others', async (t) => {
  const dataDir = makeDataDir(t);
  const settings = { CT_TRUSTED_PROXIES: '127.0.0.1' };
  const doors: FrontDoor[] = [];
  for (let i = 0; i < 2; i++) doors.push(await startFrontDoor(t, { dataDir, settings }));
  const [one, other] = doors as [FrontDoor, FrontDoor];
  startEdgeOf(t, doors, 'n1', { CT_REGION: 'north' });
  startEdgeOf(t, doors, 'n2', { CT_REGION: 'north' });
  startEdgeOf(t, doors, 's1', { CT_REGION: 'south' });
  for (const door of doors)
    await eventually(async () => (await door.edges()).filter(isReady).length === 3, 'all edges are ready');

  const set = await mooring(t, one, 'regions', 'set', 'north', '10.1.0.0/16', '2001:db8:1::/48');
  assert.equal(set.code, 0, set.stderr);
  assert.match(set.stdout, /^north +2 +2 +0 +10\.1\.0\.0\/16 2001:db8:1::\/48$/m);
  const second = await mooring(t, other, 'regions', 'set', 'south', '10.0.0.0/8');
  assert.match(second.stdout, /^south +1 +1 +0 +10\.0\.0\.0\/8$/m);
  assert.match(second.stdout, /^default +0 +0 +0 +-$/m);
  await goesTo(one, '10.1.2.3', ['n1', 'n2']);
  await goesTo(other, '2001:db8:1::7', ['n1', 'n2']);
  await eventually(
    async () => [...(await edgesFor(one, '10.2.0.1', 6))].join() === 's1',
    'the first front door has learnt of the south',
  );
  // Which of them is a matter of their load.
  assert.ok((await edgesFor(one, '192.0.2.1', 24)).size > 1, 'nobody’s client prefers nobody');

  const pinned = await ask(one, '/ct-health/', {
    headers: { ctstickiness: 'key-0', 'x-forwarded-for': '10.2.0.1' },
  });
  assert.match(pinned.text, /"edge":"n[12]"/, 'a key that has an edge stays, whoever comes');
  const drain = await fetch(`${one.adminUrl}/admin/drain`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}` },
    body: JSON.stringify({ edge: 's1', deadlineSeconds: 60 }),
  });
  assert.equal(drain.status, 200);
  await eventually(
    async () => (await other.edges()).some(({ id, state }) => id === 's1' && state === 'draining'),
    'the only edge of the south drains',
  );
  await goesTo(other, '10.2.0.1', ['n1', 'n2']);
  assert.match((await mooring(t, one, 'edges')).stdout, /^n1 .* north +http/m);

  const audit = await one.log.next(({ event }) => event === 'regions.changed', 'the audit line');
  assert.deepEqual(audit['set'], { north: ['10.1.0.0/16', '2001:db8:1::/48'] });
  const removed = await mooring(t, one, 'regions', 'remove', 'south');
  assert.equal(removed.code, 0, removed.stderr);
  assert.match(removed.stdout, /^south +1 +0 +0 +-$/m);
});

test('a whole region dies: its sessions and its clients’ new ones go to the others, and new ones come back with it', async (t) => {
  const door = await startFrontDoor(t, { settings: { CT_TRUSTED_PROXIES: '127.0.0.1' } });
  const start = (id: string, region: string): number =>
    startEdge(t, {
      id,
      settings: { CT_REGION: region },
      locators: [locatorOf(door)],
      dataDir: door.dataDir,
      mayBeKilled: true,
    });
  start('n1', 'north');
  const south = [start('s1', 'south'), start('s2', 'south')];
  const readyCount = async (): Promise<number> => (await door.edges()).filter(isReady).length;
  await eventually(async () => (await readyCount()) === 3, 'all edges are ready');
  assert.equal((await mooring(t, door, 'regions', 'set', 'north', '10.1.0.0/16')).code, 0);
  assert.equal((await mooring(t, door, 'regions', 'set', 'south', '10.2.0.0/16')).code, 0);
  const first = keys;
  await goesTo(door, '10.2.0.1', ['s1', 's2']);

  const last = keys;
  for (const pid of south) process.kill(pid, 'SIGKILL');
  // The first questions wait until the deaths are proved; none of them is refused.
  assert.deepEqual([...(await edgesFor(door, '10.2.0.1'))], ['n1']);
  for (let key = first; key < last; key++) {
    const headers = { ctstickiness: `key-${key}`, 'x-forwarded-for': '10.2.0.1' };
    assert.match((await ask(door, '/ct-health/', { headers })).text, /"edge":"n1"/);
  }

  start('s1', 'south');
  await eventually(async () => (await readyCount()) === 2, 'the region is back');
  assert.deepEqual([...(await edgesFor(door, '10.2.0.1'))], ['s1']);
  assert.deepEqual([...(await edgesFor(door, '10.1.0.1'))], ['n1']);
});

test('a table with faults is refused in words, and who has not seen the newest changes nothing', async (t) => {
  const door = await startFrontDoor(t, {});
  const bad = await mooring(t, door, 'regions', 'set', 'north', '10.1.0.1/16');
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /north: "10\.1\.0\.1\/16" has bits set beyond its length/);
  const refused = await put(door, { regions: { north: ['10.0.0.0/8'], south: ['10.0.0.0/8', 'x'] } });
  assert.equal(refused.status, 400);
  const { code, params } = JSON.parse(refused.text) as { code: string; params: string[] };
  assert.equal(code, 'regions-invalid');
  assert.deepEqual(params, [
    'south: 10.0.0.0/8 is of north already',
    'south: "x" is not ADDRESS/LENGTH, as 10.1.0.0/16 or 2001:db8::/32',
  ]);
  assert.equal((await put(door, { regions: { north: ['10.0.0.0/8'] } }, 'a wrong token')).status, 401);
  assert.equal((await put(door, 'no JSON')).status, 400);
  assert.equal((await put(door, { regions: { north: '10.0.0.0/8' } })).status, 400);
  assert.equal((await put(door, { version: 0, regions: { north: ['10.0.0.0/8'] } })).status, 200);
  const late = await put(door, { version: 0, regions: {} });
  assert.deepEqual([late.status, (JSON.parse(late.text) as { code: string }).code], [409, 'regions-changed']);
  const missing = await mooring(t, door, 'regions', 'remove', 'west');
  assert.match(missing.stderr, /no region west has CIDRs/);
  assert.equal((await mooring(t, door, 'regions', 'move', 'west')).code, 1);
});
