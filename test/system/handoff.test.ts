/**
 * Upgraded connections that a local edge takes over: their bytes do not cross the front door, and all else is as if they did.
 * Where the edge cannot take one the front door carries it, which nobody notices.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { after, beforeEach, test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { startEdgeOf } from '../support/edge-process.ts';
import { ask, isReady, makeDataDir, readUpgrades, startFrontDoor } from '../support/front-door.ts';
import type { FrontDoor, LogLine } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { openDocument } from '../support/y-document.ts';

/** y-protocols: what is new, for somebody who has nothing. */
const askWhatIsNew = Buffer.from([0, 0, 1, 0]);

/** One edge behind front doors of all settings that matter here. Each test has keys of its own. */
const dataDir = makeDataDir({ after });
async function startDoor(settings: Readonly<Record<string, string>> = {}): Promise<FrontDoor> {
  return await startFrontDoor({ after }, { dataDir, settings });
}
const door = await startDoor();
const without = await startDoor({ CT_HANDOFF: 'off' });
const plain = await startDoor({ CT_NATIVE_SOCKETS: 'off' });
const impatient = await startDoor({ CT_TUNNEL_IDLE_TIMEOUT_MS: '1000' });
const killed = await startDoor();
const stopped = await startDoor({ CT_STOP_GRACE_MS: '60000' });
const doors = [door, without, plain, impatient, killed, stopped];
startEdgeOf({ after }, doors, 'e1');
for (const each of doors) await isEdgeReady(each, 'e1');
// Connections of the test before do not count.
beforeEach(async () => {
  await isEdgeReady(door, 'e1');
  await eventually(async () => (await door.metric('ct_proxy_exchanges_open')) === 0, 'nothing is open');
});

async function isEdgeReady(door: FrontDoor, id: string): Promise<void> {
  const isThere = async (): Promise<boolean> =>
    (await door.edges()).some((edge) => edge.id === id && isReady(edge));
  await eventually(isThere, `${id} is ready`);
}

/** How many upgrades a front door has had since it was asked for those before. */
async function upgradesSince(
  door: FrontDoor,
  before: Record<string, number>,
): Promise<Record<string, number>> {
  const all = Object.entries(await readUpgrades(door.adminUrl));
  const rises = all.map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(rises.filter(([, rise]) => rise > 0));
}

function urlOf(door: FrontDoor): string {
  return `http://${door.host}`;
}

function openSocket(t: TestContext, door: FrontDoor, path: string): WebSocket {
  const socket = new WebSocket(`ws://${door.host}${path}`);
  t.after(() => socket.terminate());
  socket.on('error', () => undefined);
  return socket;
}

async function headersOf(socket: WebSocket): Promise<IncomingHttpHeaders> {
  const { promise, resolve } = Promise.withResolvers<IncomingHttpHeaders>();
  socket.once('upgrade', ({ headers }) => resolve(headers));
  return await promise;
}

function countDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function settledOf(door: FrontDoor): LogLine[] {
  return door.log.items.filter((line) => line.event === 'exchange.settled' && line['kind'] === 'upgrade');
}

test('members reach each other though the front door carries none of their bytes, and their ends are settled', async (t) => {
  const [before, settledBefore] = [await readUpgrades(door.adminUrl), settledOf(door).length];
  // A client that found no edge is refused and comes again, as it may on a busy machine: that is no end of a connection.
  const settled = (): LogLine[] =>
    settledOf(door)
      .slice(settledBefore)
      .filter(({ status, edge }) => status !== 503 || edge !== undefined);
  const writer = await openDocument(t, urlOf(door), { key: 'both', name: 'notes' });
  const reader = await openDocument(t, urlOf(door), { key: 'both', name: 'notes' });
  writer.text.insert(0, 'hello');
  await eventually(() => reader.text.toJSON() === 'hello', 'the text arrives');
  assert.deepEqual(await upgradesSince(door, before), { 'edge handed': 2 });
  assert.equal(await door.metric('ct_proxy_exchanges_open'), 2);
  writer.close();
  await eventually(() => settled().length === 1, 'the end is settled');
  const { status, carrier, bytesUp, bytesDown, edge } = settled()[0]!;
  assert.deepEqual({ status, carrier, edge }, { status: 101, carrier: 'edge', edge: 'e1' });
  assert.ok(Number(bytesUp) > 20 && Number(bytesDown) > 5, `${String(bytesUp)} ${String(bytesDown)}`);
  assert.equal(await door.metric('ct_proxy_exchanges_open'), 1);
});

test('the answer to a handed upgrade says what the front door would have said, and a refusal is the front door’s', async (t) => {
  const headers = await headersOf(openSocket(t, door, '/~answer/y/answer/notes'));
  assert.equal(headers['ctstickiness'], 'answer');
  assert.deepEqual(headers['set-cookie'], ['ctstickiness=answer; Path=/~answer/; HttpOnly; SameSite=Lax']);
  assert.deepEqual(
    Object.keys(headers).filter((name) => name.startsWith('x-ct-')),
    [],
  );
  const refused = openSocket(t, door, '/~answer/y/answer/');
  const { promise, resolve } = Promise.withResolvers<{ status: number; headers: IncomingHttpHeaders }>();
  refused.on('unexpected-response', (_request, { statusCode, headers }) =>
    resolve({ status: statusCode!, headers }),
  );
  const answer = await promise;
  assert.equal(answer.status, 404);
  assert.equal(answer.headers['ctstickiness'], 'answer');
  await eventually(() => settledOf(door).some(({ status }) => status === 404), 'the refusal is settled');
});

test('what a client sends right behind its head reaches the edge', async (t) => {
  const before = await readUpgrades(door.adminUrl);
  const socket = connect({ host: '127.0.0.1', port: door.port });
  t.after(() => socket.destroy());
  const head = `GET /y/early/notes HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n`;
  // A frame whose mask is all zero.
  const frame = Buffer.concat([Buffer.from([0x82, 0x80 | askWhatIsNew.length, 0, 0, 0, 0]), askWhatIsNew]);
  socket.write(Buffer.concat([Buffer.from(head), frame]));
  let heard = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => (heard = Buffer.concat([heard, bytes])));
  const nothingIsNew = Buffer.from([0x82, 5, 0, 1, 2, 0, 0]);
  await eventually(() => heard.includes(nothingIsNew), 'its question is answered');
  assert.deepEqual(await upgradesSince(door, before), { 'edge handed': 1 });
});

test('where hand-off is off, or one side has no add-on, the front door carries the bytes', async (t) => {
  const before = await readUpgrades(door.adminUrl);
  startEdgeOf(t, [door], 'e2', { CT_HANDOFF: 'off' });
  await isEdgeReady(door, 'e2');
  let ofSecond = '';
  for (let n = 0; ofSecond === ''; n++) {
    const asked = await ask(door, '/ct-health/', { headers: { ctstickiness: `second-${n}` } });
    assert.equal(asked.status, 200);
    if ((await door.where(`second-${n}`)).edge === 'e2') ofSecond = `second-${n}`;
  }
  const cases = [
    { at: without, key: 'off', reason: 'off', before: {} },
    { at: door, key: ofSecond, reason: 'no-line', before },
    { at: plain, key: 'no-addon', reason: 'no-addon', before: {} },
  ];
  for (const { at, key, reason, before } of cases) {
    const writer = await openDocument(t, urlOf(at), { key, name: 'notes' });
    assert.ok(writer.provider.wsconnected);
    assert.deepEqual(await upgradesSince(at, before), { [`front-door ${reason}`]: 1 });
  }
});

test('a killed front door takes no connection with it: its members go on, while others come by another one', async (t) => {
  const ann = await openDocument(t, urlOf(killed), { key: 'killed', name: 'notes' });
  await killed.kill();
  const bob = await openDocument(t, urlOf(door), { key: 'killed', name: 'notes' });
  bob.text.insert(0, 'are you there?');
  await eventually(() => ann.text.toJSON() === 'are you there?', 'she is');
  ann.text.insert(0, 'yes: ');
  await eventually(() => bob.text.toJSON() === 'yes: are you there?', 'and he hears her');
  assert.equal(ann.losses(), 0);
});

test('a front door that stops does not wait for handed connections: they move on, and are settled as left', async (t) => {
  const ann = await openDocument(t, urlOf(stopped), { key: 'stopped', name: 'notes' });
  await stopped.end();
  const [line] = settledOf(stopped);
  assert.deepEqual([line!['status'], line!['carrier']], [101, 'left']);
  const bob = await openDocument(t, urlOf(door), { key: 'stopped', name: 'notes' });
  bob.text.insert(0, 'hello');
  await eventually(() => ann.text.toJSON() === 'hello', 'what he says arrives');
  assert.equal(ann.losses(), 0);
});

test('a handed connection without a byte either way is closed after the idle time', async (t) => {
  const socket = openSocket(t, impatient, '/y/idle/notes');
  await headersOf(socket);
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.on('close', resolve);
  assert.equal(await promise, 1006);
  await eventually(() => settledOf(impatient).length === 1, 'the end is settled');
  assert.equal(settledOf(impatient)[0]!['carrier'], 'edge');
});

test('however clients end or break off, neither side keeps a descriptor of them', async (t) => {
  // Both have nothing from before that may end meanwhile.
  const door = await startFrontDoor(t);
  const pids = [door.pid, startEdgeOf(t, [door], 'e1')];
  await isEdgeReady(door, 'e1');
  await headersOf(openSocket(t, door, '/y/warm/up'));
  const before = pids.map(countDescriptors);
  const open = Array.from({ length: 40 }, (_, n) => openSocket(t, door, `/y/k${n % 5}/notes`));
  await Promise.all(open.map(headersOf));
  assert.ok(pids.every((pid, at) => countDescriptors(pid) >= before[at]! + 40));
  open.forEach((socket, n) => (n % 2 === 0 ? socket.close() : socket.terminate()));
  // Some leave before the edge has their connection, some just when it gets it.
  for (let n = 0; n < 60; n++) {
    const hasty = openSocket(t, door, `/y/k${n % 5}/notes`);
    if (n % 3 === 0) setImmediate(() => hasty.terminate());
    else setTimeout(() => hasty.terminate(), n % 7);
  }
  await eventually(
    async () => (await door.metric('ct_proxy_exchanges_open')) === 1,
    'all exchanges are over',
  );
  // Connections of HTTP between the two are kept for some seconds.
  await eventually(
    () => pids.every((pid, at) => countDescriptors(pid) <= before[at]!),
    'all descriptors are closed',
  );
});
