/** The plainest room: what one says is sent to each of the others, with `ws`. Prints the port that it listens on. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { RawData } from 'ws';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
server.on('connection', (socket) => {
  socket.on('message', (data: RawData) => {
    for (const other of server.clients) if (other !== socket) other.send(data as Buffer);
  });
});
await once(server, 'listening');
console.log(`listening on ${(server.address() as AddressInfo).port}`);
