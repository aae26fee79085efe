/**
 * One write to the system for each connection and turn of the event loop: Engine.IO makes two frames of each message,
 * and `ws` writes each frame by itself. What goes to many is framed here, past both of them. The order of what is written
 * stays as it is.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket as EngineSocket } from 'engine.io';
import type { Socket } from 'socket.io';
import { WebSocket, WebSocketServer } from 'ws';
import { EndOfTurn } from '../end-of-turn.ts';
import { frameTextAndBinary } from '../frame.ts';
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
    if (socket !== undefined) gather(socket);
  });
}

/**
 * Writes the event `message` with one binary part and the offset behind it, as Socket.IO's fifth protocol has it. False
 * where that is not the way just now: the client polls, or something waits in Engine.IO that was said before.
 */
export function writeMessage({ conn, nsp, connected }: Socket, bytes: Uint8Array, offset: string): boolean {
  const webSocket = webSocketOf(conn);
  const socket = webSocket === undefined ? undefined : sockets.get(webSocket);
  if (socket === undefined || webSocket?.readyState !== WebSocket.OPEN) return false;
  const { readyState, writeBuffer } = conn as unknown as Queueing;
  if (!connected || readyState !== 'open' || writeBuffer.length > 0) return false;
  gather(socket);
  const namespace = nsp.name === '/' ? '' : `${nsp.name},`;
  const head = `451-${namespace}["message",{"_placeholder":true,"num":0},"${offset}"]`;
  socket.write(frameTextAndBinary(head, bytes));
  return true;
}

/** Of Engine.IO, which declares the second one private. */
interface Queueing {
  readonly readyState: string;
  readonly writeBuffer: readonly unknown[];
}

function gather(socket: Duplex): void {
  if (corked.has(socket)) return;
  corked.add(socket);
  socket.cork();
  endOfTurn.add(socket);
}
