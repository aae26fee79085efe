/**
 * Floods from many addresses against a real front door: heads that never end, answers that nobody reads, connections without end.
 * Good clients are answered meanwhile, and nothing of it is left: counted in connections, descriptors and memory.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { once } from 'node:events';
import { ask, startFrontDoor, until } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import type { FloodOrder } from '../support/flood-program.ts';
import { Flood } from '../support/flood.ts';
import { startStaticBackend } from '../support/static-backend.ts';
import type { StaticBackend } from '../support/static-backend.ts';

const crowd = 2_000;
const mebibyte = 1_048_576;
/** What one more flood may leave of the 1,200 MiB that its readers ask for. */
const leftMaxBytes = 16 * mebibyte;
/** The allocator takes ever fewer pages with each flood (68, 7, 6, 3, 2, 1 and 0 MiB); what leaks does so each time. */
const roundsMax = 5;
const addresses = Array.from({ length: 40 }, (_, i) => `127.0.1.${i + 1}`);

interface Scene {
  readonly door: FrontDoor;
  readonly backend: StaticBackend;
  readonly base: { readonly descriptors: number };
}

async function start(t: TestContext, settings: Readonly<Record<string, string>>): Promise<Scene> {
  const backend = await startStaticBackend(t, 'a');
  const exempt = { CT_LIMIT_EXEMPT: '127.0.0.1' };
  const door = await startFrontDoor(t, { backends: [backend], settings: { ...exempt, ...settings } });
  for (let i = 0; i < 50; i++) await askWell(door, i);
  const descriptors = await door.metric('process_open_fds');
  return { door, backend, base: { descriptors } };
}

function begin(t: TestContext, order: FloodOrder): Flood {
  const flood = new Flood(order);
  t.after(() => flood.stop());
  return flood;
}

/** A good client, which is answered. */
async function askWell(door: FrontDoor, turn: number): Promise<void> {
  const asked = await ask(door, `/good-${turn}`, { headers: { ctstickiness: `key-${turn % 10}` } });
  assert.equal(asked.status, 200);
}

async function assertNothingIsLeft({ door, base }: Scene): Promise<void> {
  await until(async () => (await door.metric('ct_proxy_connections_open')) <= 5, 'the connections are gone');
  await until(
    async () => (await door.metric('process_open_fds')) <= base.descriptors + 10,
    'so are descriptors',
  );
  assert.equal(await door.metric('ct_proxy_exchanges_open'), 0);
}

test('2,000 heads that never end are ended, good clients are answered, and nothing is left', async (t) => {
  const scene = await start(t, { CT_HEAD_TIMEOUT_MS: '3000' });
  const { door } = scene;
  const socket = new WebSocket(`ws://127.0.0.1:${door.port}/`, { headers: { ctstickiness: 'k' } });
  t.after(() => socket.terminate());
  await once(socket, 'message');
  const target = { port: door.port, addresses };
  const text = 'GET / HTTP/1.1\r\nHost: x\r\n';
  const flood = begin(t, { ...target, count: crowd, text, isPaused: false });
  await until(async () => (await door.metric('ct_proxy_connections_open')) > crowd / 2, 'the flood is there');
  for (let turn = 0; turn < 20; turn++) {
    flood.drip('X-A: b\r\n');
    await askWell(door, turn);
    const echo = once(socket, 'message');
    socket.send('still here');
    await echo;
  }
  await until(() => Promise.resolve(flood.ended === crowd), 'each was ended');
  socket.close();
  await once(socket, 'close');
  await assertNothingIsLeft(scene);
});

test('300 clients that do not read their answers cost bounded memory, good ones are answered, and nothing is left', async (t) => {
  const scene = await start(t, { CT_BODY_IDLE_TIMEOUT_MS: '2500' });
  const { door, backend } = scene;
  const page = Buffer.alloc(4 * mebibyte, 'x');
  backend.handlers.set('/large', (_request, response) => {
    response.on('error', () => undefined);
    response.end(page);
  });
  const text = 'GET /large HTTP/1.1\r\nHost: x\r\nctstickiness: large\r\n\r\n';
  const memory = [await door.metric('process_resident_memory_bytes')];
  const grown = (): number => memory.at(-1)! - memory.at(-2)!;
  for (let round = 0; round < 2 || (grown() >= leftMaxBytes && round < roundsMax); round++) {
    const flood = begin(t, { port: door.port, addresses, count: 300, text, isPaused: true });
    await until(async () => (await door.metric('ct_proxy_exchanges_open')) > 250, 'the flood is there');
    for (let turn = 0; turn < 20; turn++) await askWell(door, turn);
    await until(async () => (await door.metric('ct_proxy_exchanges_open')) === 0, 'each was cut');
    flood.end();
    await assertNothingIsLeft(scene);
    memory.push(await door.metric('process_resident_memory_bytes'));
  }
  t.diagnostic(memory.map(inMebibytes).join(', '));
  const [before, once] = memory as [number, number];
  assert.ok(once - before < 300 * mebibyte, `${inMebibytes(once - before)} for 1,200 MiB of answers`);
  assert.ok(grown() < leftMaxBytes, `${inMebibytes(grown())} more with each flood`);
});

test('an address that connects without end gets what it may, and the others all that they want', async (t) => {
  const scene = await start(t, { CT_LIMIT_CONNECTIONS_PER_ADDRESS: '100', CT_LIMIT_CONNECTION_RATE: '50' });
  const { door } = scene;
  const one = { port: door.port, addresses: ['127.0.0.2'] };
  const flood = begin(t, { ...one, count: crowd, text: 'GET /', isPaused: false });
  await until(() => Promise.resolve(flood.ended >= crowd - 100), 'all but its share are refused');
  assert.ok((await door.metric('ct_proxy_connections_open')) <= 100 + 5);
  for (let turn = 0; turn < 20; turn++) await askWell(door, turn);
  const lines = door.log.items.filter(({ event }) => event === 'clients.refused');
  assert.ok(lines.length <= 6, `${lines.length} lines for ${flood.ended} refusals`);
  flood.end();
  await assertNothingIsLeft(scene);
});

function inMebibytes(bytes: number): string {
  return `${Math.round(bytes / mebibyte)} MiB`;
}
