/**
 * One write to the system for each connection and turn of the event loop: Engine.IO makes two frames of each message,
 * and `ws` writes each frame by itself. The order of what is written stays as it is.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket as EngineSocket } from 'engine.io';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { EndOfTurn } from '../end-of-turn.ts';
import { addAnswerFields } from '../upgrade-offer.ts';
import { webSocketOf } from './transport.ts';

const sockets = new WeakMap<WebSocket, Duplex>();
const corked = new WeakSet<Duplex>();
const endOfTurn = new EndOfTurn<Duplex>((socket) => {
  corked.delete(socket);
  socket.uncork();
});

/** For Engine.IO: remembers the socket that a WebSocket runs on, which `ws` keeps to itself. */
export class RememberingServer extends WebSocketServer {
  override handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (client: WebSocket, request: IncomingMessage) => void,
  ): void {
    if (this.listenerCount('headers', addAnswerFields) === 0) this.on('headers', addAnswerFields);
    super.handleUpgrade(request, socket, head, (client, request) => {
      sockets.set(client, socket);
      callback(client, request);
    });
  }
}

/** From now on what the connection is given in one turn goes out at its end. */
export function gatherWrites(conn: EngineSocket): void {
  conn.on('flush', () => {
    const webSocket = webSocketOf(conn);
    const socket = webSocket === undefined ? undefined : sockets.get(webSocket);
    if (socket === undefined || corked.has(socket)) return;
    corked.add(socket);
    socket.cork();
    endOfTurn.add(socket);
  });
}
