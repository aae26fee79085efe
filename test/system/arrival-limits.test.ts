/**
 * Limits on who may come in, against a real front door, by clients from addresses of their own: who has too much is told so, all
 * others are served, and what is open already goes on.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { beginManyFrom, openFrom, openManyFrom } from '../support/client-address.ts';
import { startFrontDoor, until } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { startStaticBackend } from '../support/static-backend.ts';

const greedy = '127.0.0.2';
const modest = '127.0.0.3';
const listed = '127.0.0.9';

async function start(t: TestContext, settings: Readonly<Record<string, string>>): Promise<FrontDoor> {
  const backends = [await startStaticBackend(t, 'a')];
  const exempt = { CT_LIMIT_EXEMPT: `${listed},127.0.0.1` };
  return await startFrontDoor(t, { backends, settings: { ...exempt, ...settings } });
}

async function isServed(connection: RawConnection): Promise<boolean> {
  connection.send('GET / HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\n\r\n');
  return (await connection.answer()).status === 200;
}

async function assertRefused(connection: RawConnection, status: number, code: string): Promise<void> {
  const answer = await connection.answer();
  assert.deepEqual([answer.status, JSON.parse(answer.body).code], [status, code]);
  assert.equal(answer.headers['retry-after'], '1');
  await connection.whenEnded();
}

test('an address has as many connections as it may, and room when one ends', async (t) => {
  const door = await start(t, { CT_LIMIT_CONNECTIONS_PER_ADDRESS: '3' });
  const [first, ...others] = await openManyFrom(t, door.port, { address: greedy, count: 3 });
  assert.ok(await isServed(first!));
  await assertRefused(await openFrom(t, door.port, greedy), 429, 'too-many-connections');
  assert.ok(await isServed(await openFrom(t, door.port, modest)), 'its neighbour is served');
  for (const connection of await openManyFrom(t, door.port, { address: listed, count: 6 })) {
    assert.ok(await isServed(connection), 'who is exempt has no limit');
  }
  for (const connection of [first!, ...others]) assert.ok(await isServed(connection), 'what is open goes on');
  others[0]!.socket.destroy();
  await until(async () => {
    const connection = await openFrom(t, door.port, greedy);
    connection.send('GET / HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\n\r\n');
    return (await connection.answer()).status === 200;
  }, 'a place is free again');
  assert.ok((await door.metric('ct_proxy_rejected_total')) >= 1);
  const refused = await door.log.next(({ event }) => event === 'clients.refused', 'the log tells');
  assert.deepEqual([refused['code'], refused['client']], ['too-many-connections', greedy]);
});

test('an address that connects too fast is refused, and nobody else', async (t) => {
  const door = await start(t, { CT_LIMIT_CONNECTION_RATE: '1' });
  const burst = await openManyFrom(t, door.port, { address: greedy, count: 30 });
  const outcomes = await Promise.all(
    burst.map(async (connection) => {
      connection.send('GET / HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\nConnection: close\r\n\r\n');
      return (await connection.answer()).status;
    }),
  );
  const served = outcomes.filter((status) => status === 200).length;
  // Ten at once, and one a second for as long as a busy machine takes.
  assert.ok(served >= 10 && served < 30, `${served} of 30 were served`);
  assert.deepEqual(
    [...new Set(outcomes)].sort((a, b) => a - b),
    [200, 429],
  );
  assert.ok(await isServed(await openFrom(t, door.port, modest)));
});

test('a full front door says so, and those inside are served', async (t) => {
  const door = await start(t, { CT_LIMIT_CONNECTIONS: '3' });
  const inside = await openManyFrom(t, door.port, { address: modest, count: 3 });
  for (const connection of inside) assert.ok(await isServed(connection));
  await assertRefused(await openFrom(t, door.port, greedy), 503, 'front-door-full');
  const exempt = await openFrom(t, door.port, listed);
  assert.ok(await isServed(exempt), 'who is exempt comes in');
  exempt.socket.destroy();
  for (const connection of inside) assert.ok(await isServed(connection));
  inside[0]!.socket.destroy();
  await until(async () => {
    const connection = await openFrom(t, door.port, greedy);
    connection.send('GET / HTTP/1.1\r\nHost: door.test\r\nctstickiness: k\r\nConnection: close\r\n\r\n');
    return (await connection.answer()).status === 200;
  }, 'a place is free again');
});

test('behind the PROXY protocol limits count for the clients, not for the proxy', async (t) => {
  const settings = { CT_PROXY_PROTOCOL_FROM: '127.0.0.2', CT_LIMIT_CONNECTIONS_PER_ADDRESS: '1' };
  const door = await start(t, settings);
  const open = async (client: string): Promise<RawConnection> => {
    const connection = await openFrom(t, door.port, '127.0.0.2');
    connection.send(`PROXY TCP4 ${client} 192.0.2.1 1 2\r\n`);
    return connection;
  };
  for (const client of ['203.0.113.1', '203.0.113.2', '203.0.113.3'])
    assert.ok(await isServed(await open(client)));
  await assertRefused(await open('203.0.113.1'), 429, 'too-many-connections');
});

test('a crowd from one address comes in one after the other, and its neighbour between them', async (t) => {
  const door = await start(t, {});
  const crowd = beginManyFrom(t, door.port, { address: greedy, count: 600 });
  let served = 0;
  const all = Promise.all(
    crowd.map(async (connection) => {
      assert.ok(await isServed(connection));
      served++;
    }),
  );
  assert.ok(await isServed(await openFrom(t, door.port, modest)));
  assert.ok(served < crowd.length, 'the neighbour did not wait for all of them');
  await all;
  assert.ok((await door.metric('ct_proxy_entry_waits_total')) > 0);
});

test('of many who are refused the last ones are told late, and all of them are told', async (t) => {
  const door = await start(t, { CT_LIMIT_CONNECTIONS_PER_ADDRESS: '1' });
  const [inside, ...refused] = await openManyFrom(t, door.port, { address: greedy, count: 160 });
  let told = 0;
  const all = Promise.all(
    refused.map(async (connection) => {
      await assertRefused(connection, 429, 'too-many-connections');
      told++;
    }),
  );
  assert.ok(await isServed(await openFrom(t, door.port, modest)));
  assert.ok(await isServed(inside!));
  assert.ok(told < refused.length, 'some are not told yet');
  await all;
});
