/** A server that ends at the worst moment; all else of the driver is tried on a real one (`proxy/directory/sql-directory.test.ts`). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createPostgresDriver } from './postgres-driver.ts';

/** A message of the server (PostgreSQL documentation, "Message Formats"): its type, its length, its content. */
function message(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}

const authenticated = message('R', Buffer.alloc(4));
const ready = message('Z', Buffer.from('I'));
const ended = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0'));

test('a server that is ready and ends in one packet costs one statement, and not the process', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.concat([authenticated, ready, ended])));
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const place = { host: '127.0.0.1', port, user: 'mooring', password: 'secret', schema: 'mooring' };
  const driver = createPostgresDriver({ dialect: 'postgres', ...place, tls: undefined }, 2);
  t.after(async () => await driver.close());
  for (let round = 0; round < 3; round++) {
    const connection = await driver.connect();
    await assert.rejects(connection.run('SELECT 1'), (error) => driver.judge(error) === 'lost');
    connection.destroy();
  }
});
