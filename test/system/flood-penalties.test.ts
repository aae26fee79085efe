/**
 * Whose connections of HTTP/2 are ended for floods may not come straight back, against a real front door, by clients from addresses of
 * their own: the time grows, it ends, and nobody else notices.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { openFrom } from '../support/client-address.ts';
import { until } from '../support/front-door.ts';
import type { FrontDoor, LogLine } from '../support/front-door.ts';
import { startSecureDoor } from '../support/http2-client.ts';
import { openFrames, request, requestFields, reset } from '../support/http2-frames.ts';
import type { FrameConnection } from '../support/http2-frames.ts';
import { startStaticBackend } from '../support/static-backend.ts';

const flooder = '127.0.0.2';
const good = '127.0.0.3';
const proxy = '127.0.0.9';

async function start(t: TestContext, settings: Readonly<Record<string, string>> = {}): Promise<FrontDoor> {
  const backends = [await startStaticBackend(t, 'a')];
  const { door } = await startSecureDoor(t, {
    backends,
    settings: { CT_LIMIT_EXEMPT: '127.0.0.1', ...settings },
  });
  return door;
}

async function open(
  t: TestContext,
  { httpsPort }: FrontDoor,
  localAddress: string,
): Promise<FrameConnection> {
  return await openFrames(t, httpsPort, [], { localAddress });
}

/** On a stream of its own. */
async function isServed(connection: FrameConnection, stream = 1): Promise<boolean> {
  connection.send(request(stream, requestFields('/', ['ctstickiness', 'k'])));
  await connection.when(() => connection.hasEndOf(stream) || connection.hasEnded, 'an answer');
  return connection.statusOf(stream) === 200;
}

async function flood(connection: FrameConnection): Promise<void> {
  for (let i = 0; i < 400; i++)
    connection.send(request(1 + 2 * i, requestFields('/', ['ctstickiness', 'k'])), reset(1 + 2 * i));
  await connection.whenEnded();
}

/** Over HTTP/1.1, where the penalty is not just over. */
async function assertIsTold(t: TestContext, { port }: FrontDoor): Promise<void> {
  const connection = await openFrom(t, port, flooder);
  connection.send('GET / HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\n\r\n');
  const { status, headers, body } = await connection.answer();
  if (status === 200) return;
  assert.deepEqual([status, JSON.parse(body).code, headers['retry-after']], [429, 'flooded-before', '1']);
}

function penalties({ log }: FrontDoor): LogLine[] {
  return log.items.filter(({ event }) => event === 'client.penalized');
}

test('an address that floods opens nothing for a time that grows, and a client at another address never notices', async (t) => {
  const door = await start(t);
  const [before, steady] = [await open(t, door, flooder), await open(t, door, good)];
  let served = 0;
  const comeBack = async (): Promise<boolean> => {
    const connection = await open(t, door, flooder);
    if (!connection.hasEnded) await flood(connection);
    else await assertIsTold(t, door);
    assert.ok(await isServed(steady, 1 + 2 * served++), 'a good client is served');
    assert.ok(await isServed(await open(t, door, good)), 'and comes in');
    return (await door.metric('ct_proxy_rejected_total')) >= 2 && penalties(door).length >= 2;
  };
  await until(comeBack, 'it is refused between two floods');
  const told = penalties(door).map(({ client, rounds, refusedMs }) => [client, rounds, refusedMs]);
  const expected = [1_000, 4_000].map((ms, i) => [flooder, i + 1, ms]);
  assert.deepEqual(told.slice(0, 2), expected);
  assert.equal(await door.metric('ct_proxy_flood_penalties_total'), told.length);
  assert.equal(await door.metric('ct_proxy_addresses_penalized'), 1);
  const refused = await door.log.next(({ event }) => event === 'clients.refused', 'the log tells');
  assert.deepEqual([refused['code'], refused['client']], ['flooded-before', flooder]);
  assert.ok(await isServed(before), 'what it had open goes on');
  await until(async () => (await door.metric('ct_proxy_addresses_penalized')) === 0, 'the penalty is over');
  assert.ok(await isServed(await open(t, door, flooder)), 'and it may come in');
});

test('behind a proxy the client pays for its floods, not the proxy and its other clients; trusted proxies never do', async (t) => {
  const trusted = '127.0.0.4';
  const settings = { CT_PROXY_PROTOCOL_FROM: proxy, CT_TRUSTED_PROXIES: trusted };
  const door = await start(t, settings);
  const through = async (client: string): Promise<FrameConnection> => {
    const introduction = `PROXY TCP4 ${client} 192.0.2.1 1 2\r\n`;
    return await openFrames(t, door.httpsPort, [], { localAddress: proxy, introduction });
  };
  await until(async () => {
    const connection = await through('203.0.113.1');
    if (connection.hasEnded) return true;
    await flood(connection);
    return false;
  }, 'the client is refused');
  assert.ok(await isServed(await through('203.0.113.2')));
  assert.ok(penalties(door).every(({ client }) => client === '203.0.113.1'));
  for (let i = 0; i < 3; i++) await flood(await open(t, door, trusted));
  assert.ok(await isServed(await open(t, door, trusted)));
  assert.ok(penalties(door).every(({ client }) => client === '203.0.113.1'));
});
