/** What a member's connection proves of what its client has, against unmodified clients. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Server } from 'socket.io';
import type { Socket } from 'socket.io';
import type { Socket as ClientSocket } from 'socket.io-client';
import { createServer } from '#shared/node-http.ts';
import { clientOf, socketIoReleases } from '../../test/support/socket-io-releases.ts';
import type { SocketIoRelease } from '../../test/support/socket-io-releases.ts';
import { heartbeatOf } from './heartbeat.ts';
import { MemberSocket } from './member-socket.ts';
import { OutletServer } from '../outlet-server.ts';
import { gatherWrites } from './turn-writes.ts';

for (const release of socketIoReleases) {
  test(`${release}: a pong confirms nothing that its client threw away because it read a stop in one go with it`, async (t) => {
    const { socket, client } = await connect(t, release);
    const heard: unknown[] = [];
    client.on('message', (_content: unknown, offset: unknown) => heard.push(offset));
    const confirmed: number[] = [];
    const member = new MemberSocket(socket, 0, (sequence) => confirmed.push(sequence));
    member.send([Buffer.from('first')], '1.1', 1);
    heartbeatOf(socket.conn).ping();
    await once(socket.conn, 'heartbeat');
    assert.deepEqual([heard, confirmed], [['1.1'], [1]]);

    member.send([Buffer.from('second')], '1.2', 2);
    heartbeatOf(socket.conn).ping();
    member.stop();
    await Promise.all([once(socket.conn, 'heartbeat'), once(socket.conn, 'close')]);
    assert.deepEqual(heard, ['1.1'], 'the client answers the ping, and throws the second message away');
    assert.deepEqual(confirmed, [1]);
  });
}

async function connect(
  t: TestContext,
  release: SocketIoRelease,
): Promise<{ socket: Socket; client: ClientSocket }> {
  const server = createServer();
  const io = new Server(server, { wsEngine: OutletServer, perMessageDeflate: false });
  io.engine.on('connection', gatherWrites);
  t.after(async () => await io.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connected = once(io, 'connection') as Promise<[Socket]>;
  const client = clientOf(release)(`http://127.0.0.1:${port}`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  });
  t.after(() => client.close());
  const [[socket]] = await Promise.all([connected, once(client as never, 'connect')]);
  return { socket, client };
}
