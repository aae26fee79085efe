/**
 * A relay for Open Collaboration broadcasts as people write it with Socket.IO: every member gets the envelope with
 * its own key alone, which is what clients accept. The member's id comes with the handshake. Prints the port that it
 * listens on.
 */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Packr } from 'msgpackr';
import { Server } from 'socket.io';
import type { Socket } from 'socket.io';

interface Envelope {
  readonly metadata: { readonly encryption: { readonly keys: readonly { readonly target: string }[] } };
}

const packr = new Packr({ useRecords: false });
const members = new Map<string, Socket>();
const http = createServer();
const server = new Server(http);
server.on('connection', (socket) => {
  const id = String(socket.handshake.headers['x-member']);
  members.set(id, socket);
  socket.once('disconnect', () => members.delete(id));
  socket.on('message', (data: Buffer) => {
    const envelope = packr.unpack(data) as Envelope;
    const keys = new Map(envelope.metadata.encryption.keys.map((key) => [key.target, key]));
    for (const [target, member] of members)
      if (member !== socket) member.send(cut(envelope, [keys.get(target)]));
  });
});
http.listen(0, '127.0.0.1');
await once(http, 'listening');
console.log(`listening on ${(http.address() as AddressInfo).port}`);

function cut(envelope: Envelope, keys: readonly unknown[]): Buffer {
  return packr.pack({ ...envelope, metadata: { ...envelope.metadata, encryption: { keys } } });
}
