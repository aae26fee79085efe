/** Clients that a front door sends to an edge by themselves: what a ticket opens, and all that opens nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { Tickets } from '#shared/tickets.ts';
import { freePort } from '../support/free-port.ts';
import { startEdge } from '../support/edge-process.ts';
import { adminToken, ask, fleetSecret, isReady, startFrontDoor } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { openDocument } from '../support/y-document.ts';

interface Located {
  readonly url: string;
  readonly epoch: number;
  readonly ticket: string;
  readonly expiresAt: string;
}

const secrets = deriveFleetSecrets(fleetSecret);
/** No front door holds the bytes of a session, so a session of one edge is seen to be reached twice. */
const ids = ['e1', 'e2'];

async function startPublicPool(t: TestContext): Promise<{ door: FrontDoor; urls: Map<string, string> }> {
  const door = await startFrontDoor(t, {});
  const urls = new Map<string, string>();
  for (const id of ids) {
    const port = await freePort();
    urls.set(id, `http://127.0.0.1:${port}`);
    startEdge(t, {
      id,
      locators: [`ws://127.0.0.1:${door.controlPort}`],
      dataDir: door.dataDir,
      settings: {
        CT_SERVER_URL: urls.get(id)!,
        CT_PUBLIC_HOST: '127.0.0.1',
        CT_PUBLIC_PORT: String(port),
      },
    });
  }
  await eventually(async () => (await door.edges()).filter(isReady).length === 2, 'both edges are ready');
  return { door, urls };
}

async function locate(door: FrontDoor, key: string, query = ''): Promise<Located> {
  const { status, text } = await ask(door, `/api/locate/${key}${query}`);
  assert.equal(status, 200, text);
  return JSON.parse(text) as Located;
}

/** Status and code of a refusal; the edge's name where there is none. */
async function knock(
  url: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<[number, string | undefined]> {
  const response = await fetch(`${url}${path}`, { headers });
  const { code, edge } = (await response.json()) as { code?: string; edge?: string };
  return [response.status, code ?? edge];
}

test('a located client reaches the owner by itself, by header or query, and is in one session with those behind the front door', async (t) => {
  const { door, urls } = await startPublicPool(t);
  const key = 'direct-session';
  const { url, epoch, ticket, expiresAt } = await locate(door, key);
  const { edge } = await door.where(key);
  assert.deepEqual([url, epoch], [urls.get(edge), (await door.where(key)).epoch]);
  const leftMs = Date.parse(expiresAt) - Date.now();
  assert.ok(leftMs > 30_000 && leftMs <= 60_000, `${leftMs} ms`);
  assert.deepEqual(await knock(url, '/ct-health/', { 'x-ct-ticket': ticket }), [200, edge]);
  assert.deepEqual(await knock(url, `/~${key}/ct-health/?ctticket=${ticket}`), [200, edge]);
  const near = await openDocument(t, url, { key, name: 'notes', params: { ctticket: ticket } });
  const far = await openDocument(t, `http://${door.host}`, { key, name: 'notes' });
  near.text.insert(0, 'said directly');
  await eventually(() => far.text.toJSON() === 'said directly', 'the other one hears it');
  assert.equal((await locate(door, key)).epoch, epoch, 'a key that is placed stays');
});

test('after a move the old ticket is refused, and asking again with the refused epoch gives the new owner', async (t) => {
  const { door, urls } = await startPublicPool(t);
  const key = 'moved-session';
  const old = await locate(door, key);
  await openDocument(t, `http://${door.host}`, { key, name: 'notes' });
  const { edge } = await door.where(key);
  const target = ids.find((id) => id !== edge)!;
  const moved = await fetch(`${door.adminUrl}/admin/move`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}` },
    body: JSON.stringify({ key, edge: target }),
  });
  assert.equal(moved.status, 200);
  assert.deepEqual(await knock(old.url, '/ct-health/', { 'x-ct-ticket': old.ticket }), [421, 'stale-epoch']);
  const next = await locate(door, key, `?refused=${old.epoch}`);
  assert.equal(next.url, urls.get(target));
  assert.deepEqual(await knock(next.url, '/ct-health/', { 'x-ct-ticket': next.ticket }), [200, target]);
});

interface Ground {
  readonly key: string;
  readonly edge: string;
  readonly epoch: number;
  readonly ticket: string;
  readonly url: string;
  /** The public side of the other edge. */
  readonly other: string;
}

async function prepareGround(t: TestContext): Promise<Ground> {
  const { door, urls } = await startPublicPool(t);
  const key = 'attacked';
  const { url, epoch, ticket } = await locate(door, key);
  const { edge } = await door.where(key);
  return { key, edge, epoch, ticket, url, other: [...urls.values()].find((known) => known !== url)! };
}

/** What a front door would send. */
function internal({ key, epoch, edge }: Ground): Record<string, string> {
  return {
    'x-ct-pass': secrets.pass,
    'x-ct-key': key,
    'x-ct-epoch': String(epoch),
    'x-ct-edge': `${edge}:1`,
  };
}

interface BadTickets {
  readonly forged: string;
  readonly expired: string;
  readonly older: string;
  readonly changed: string;
}

function makeBadTickets({ key, epoch, edge, ticket }: Ground): BadTickets {
  const claims = { key: key as AffinityKey, epoch: epoch as Epoch, owner: `${edge}:1` };
  const [body, signature] = ticket.split('.') as [string, string];
  const text = Buffer.from(body, 'base64url').toString('utf8').replace(key, 'another1');
  return {
    forged: new Tickets('a guess', Date.now).issue(claims).ticket,
    expired: new Tickets(secrets.ticket, () => Date.now() - 61_000).issue(claims).ticket,
    older: new Tickets(secrets.ticket, Date.now).issue({ ...claims, owner: `${edge}:7` }).ticket,
    changed: `${Buffer.from(text).toString('base64url')}.${signature}`,
  };
}

const health = '/ct-health/';

test('nothing but a ticket of this fleet, for this edge and now opens the public side', async (t) => {
  const ground = await prepareGround(t);
  const { edge, epoch, ticket, url, other } = ground;
  const { forged, expired, older, changed } = makeBadTickets(ground);
  for (const [what, target, path, headers, status, code] of [
    ['no ticket', url, health, {}, 401, 'ticket-missing'],
    ['the headers of a front door, with its pass', url, health, internal(ground), 401, 'ticket-missing'],
    ['a forged ticket', url, health, { 'x-ct-ticket': forged }, 401, 'ticket-invalid'],
    [
      'a forged one with the pass',
      url,
      health,
      { ...internal(ground), 'x-ct-ticket': forged },
      401,
      'ticket-invalid',
    ],
    ['a changed ticket', url, health, { 'x-ct-ticket': changed }, 401, 'ticket-invalid'],
    ['two tickets', url, `${health}?ctticket=${expired}`, { 'x-ct-ticket': ticket }, 401, 'ticket-invalid'],
    ['a late ticket', url, health, { 'x-ct-ticket': expired }, 401, 'ticket-expired'],
    ['a ticket of another edge', other, health, { 'x-ct-ticket': ticket }, 421, 'wrong-edge'],
    ['a ticket of another incarnation', url, health, { 'x-ct-ticket': older }, 421, 'wrong-edge'],
  ] as const) {
    assert.deepEqual(await knock(target, path, { ...headers }), [status, code], what);
  }
  const higher = { ...internal(ground), 'x-ct-epoch': String(epoch + 5), 'x-ct-handoff': 'yes' };
  const beside = await knock(url, health, { ...higher, 'x-ct-ticket': ticket });
  assert.deepEqual(beside, [200, edge], 'internal headers beside a ticket mean nothing');
  assert.deepEqual(
    await knock(url, health, { 'x-ct-ticket': ticket }),
    [200, edge],
    'and left nothing behind',
  );
});

test('a ticket opens its own key, for sessions alone', async (t) => {
  const { key, ticket, url } = await prepareGround(t);
  const bearing = { 'x-ct-ticket': ticket };
  for (const [what, path, headers, status, code] of [
    ['another key in the path', '/~other/ct-health/', {}, 400, 'key-conflict'],
    ['another key in a header', health, { ctstickiness: 'other' }, 400, 'key-conflict'],
    ['another key in the query', `${health}?ctstickiness=other`, {}, 400, 'key-conflict'],
    ['another connection', '/socket.io/?EIO=4&transport=polling&sid=other~x', {}, 400, 'key-conflict'],
    ['the list of sessions', '/ct-admin/sessions', { 'x-ct-pass': secrets.pass }, 404, 'not-found'],
    ['members of the session', '/ct-admin/session', {}, 404, 'not-found'],
    ['a release', '/ct-move/release', { 'x-ct-back-epoch': '9' }, 404, 'not-found'],
    ['a release behind a key', `/~${key}/ct-move/release`, {}, 404, 'not-found'],
    ['an encoded path', '/ct%2Dadmin/sessions', {}, 401, 'ticket-invalid'],
  ] as const) {
    assert.deepEqual(await knock(url, path, { ...bearing, ...headers }), [status, code], what);
  }
});

test('upgrades are refused as requests are', async (t) => {
  const ground = await prepareGround(t);
  const { key, ticket } = ground;
  const { forged } = makeBadTickets(ground);
  const [url, other] = [ground.url, ground.other].map((address) => address.replace('http', 'ws'));
  for (const [address, status] of [
    [`${url}/y/${key}/notes`, 401],
    [`${url}/y/${key}/notes?ctticket=${forged}`, 401],
    [`${url}/y/other/notes?ctticket=${ticket}`, 400],
    [`${other}/y/${key}/notes?ctticket=${ticket}`, 421],
  ] as const) {
    const socket = new WebSocket(address);
    socket.on('error', () => undefined);
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    socket.terminate();
    assert.equal(response.statusCode, status, address);
  }
});

test('an edge without a public address is reached through the front door only, and says so', async (t) => {
  const door = await startFrontDoor(t, {});
  startEdge(t, { id: 'e1', locators: [`ws://127.0.0.1:${door.controlPort}`], dataDir: door.dataDir });
  assert.deepEqual(await ask(door, '/api/locate/some-key').then(({ status, json }) => [status, json.code]), [
    503,
    'no-edge',
  ]);
  await eventually(async () => (await door.edges()).filter(isReady).length === 1, 'the edge is ready');
  for (const [path, method, status, code] of [
    ['/api/locate/some-key', 'GET', 409, 'edge-not-public'],
    ['/api/locate/some-key', 'POST', 405, 'method-refused'],
    ['/api/locate/', 'GET', 400, 'key-invalid'],
    ['/api/locate/a%20b', 'GET', 400, 'key-invalid'],
  ] as const) {
    const answer = await ask(door, path, { method });
    assert.deepEqual([answer.status, answer.json.code], [status, code], `${method} ${path}`);
  }
});
