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
import type { ServerOptions } from 'ws';
import { EndOfTurn } from '../end-of-turn.ts';
import { frameTextAndBinary } from '../frame.ts';
import type { Parts } from '../frame.ts';
import { addAnswerFields } from '../upgrade-offer.ts';
import { webSocketOf } from './transport.ts';

/** What a WebSocket runs on. */
interface Wire {
  readonly socket: Duplex;
  /** Until the end of the turn. */
  isGathering: boolean;
  /** What was said last as far as its offset: most clients use one namespace. */
  event?: { readonly namespace: string; readonly start: Buffer };
}

const eventEnd = Buffer.from('"]');

class WebSocketOnWire extends WebSocket {
  wire?: Wire;
}

const endOfTurn = new EndOfTurn<Wire>((wire) => {
  wire.isGathering = false;
  wire.socket.uncork();
});

/** For Engine.IO: remembers the socket that a WebSocket runs on, which `ws` keeps to itself. */
export class RememberingServer extends WebSocketServer {
  constructor(options: ServerOptions) {
    super({ ...options, WebSocket: WebSocketOnWire });
  }

  override handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (client: WebSocket, request: IncomingMessage) => void,
  ): void {
    if (this.listenerCount('headers', addAnswerFields) === 0) this.on('headers', addAnswerFields);
    super.handleUpgrade(request, socket, head, (client, request) => {
      (client as WebSocketOnWire).wire = { socket, isGathering: false };
      callback(client, request);
    });
  }
}

/** From now on what the connection is given in one turn goes out at its end. */
export function gatherWrites(conn: EngineSocket): void {
  conn.on('flush', () => {
    const wire = wiredSocketOf(conn)?.wire;
    if (wire !== undefined) gather(wire);
  });
}

/**
 * Writes the event `message` with one binary part and the offset behind it, as Socket.IO's fifth protocol has it. False
 * where that is not the way just now: the client polls, or something waits in Engine.IO that was said before.
 */
export function writeMessage({ conn, nsp, connected }: Socket, message: Parts, offset: string): boolean {
  const webSocket = wiredSocketOf(conn);
  const wire = webSocket?.wire;
  if (wire === undefined || webSocket?.readyState !== WebSocket.OPEN) return false;
  const { readyState, writeBuffer } = conn as unknown as Queueing;
  if (!connected || readyState !== 'open' || writeBuffer.length > 0) return false;
  gather(wire);
  if (wire.event?.namespace !== nsp.name) wire.event = eventOf(nsp.name);
  wire.socket.write(frameTextAndBinary([wire.event.start, offset, eventEnd], message));
  return true;
}

function eventOf(namespace: string): NonNullable<Wire['event']> {
  const prefix = namespace === '/' ? '' : `${namespace},`;
  const start = Buffer.from(`451-${prefix}["message",{"_placeholder":true,"num":0},"`, 'latin1');
  return { namespace, start };
}

/** All of Engine.IO's are made by the server above. */
function wiredSocketOf(conn: EngineSocket): WebSocketOnWire | undefined {
  return webSocketOf(conn);
}

/** Of Engine.IO, which declares the second one private. */
interface Queueing {
  readonly readyState: string;
  readonly writeBuffer: readonly unknown[];
}

function gather(wire: Wire): void {
  if (wire.isGathering) return;
  wire.isGathering = true;
  wire.socket.cork();
  endOfTurn.add(wire);
}
