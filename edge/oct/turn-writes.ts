/**
 * What a connection of Engine.IO is given in one turn of the event loop goes out at its end in one write: Engine.IO makes two
 * frames of each message, and `ws` writes each frame by itself. What goes to many is framed here, past both of them. The
 * order of what is written stays as it is.
 */
import type { Socket as EngineSocket } from 'engine.io';
import type { Socket } from 'socket.io';
import { WebSocket } from 'ws';
import type { Parts } from '../frame.ts';
import type { OutletWebSocket } from '../outlet-server.ts';
import { webSocketOf } from './transport.ts';

const eventEnd = Buffer.from('"]');

/** The event as far as its offset, in the namespace that was written to last: most clients use the same. */
let eventStart = startOf('/');

/** From now on what the connection is given in one turn goes out at its end. */
export function gatherWrites(conn: EngineSocket): void {
  conn.on('flush', () => outletSocketOf(conn)?.outlet.cork());
}

/**
 * Writes the event `message` with one binary part and the offset behind it, as Socket.IO's fifth protocol has it. False
 * where that is not the way just now: the client polls, or something waits in Engine.IO that was said before.
 */
export function writeMessage({ conn, nsp, connected }: Socket, message: Parts, offset: string): boolean {
  const webSocket = outletSocketOf(conn);
  if (webSocket?.readyState !== WebSocket.OPEN) return false;
  const { readyState, writeBuffer } = conn as unknown as Queueing;
  if (!connected || readyState !== 'open' || writeBuffer.length > 0) return false;
  if (eventStart.namespace !== nsp.name) eventStart = startOf(nsp.name);
  const text = [eventStart.bytes, offset, eventEnd] as const;
  webSocket.outlet.writeTextAndBinary({ text, payload: message });
  return true;
}

function startOf(namespace: string): { readonly namespace: string; readonly bytes: Buffer } {
  const prefix = namespace === '/' ? '' : `${namespace},`;
  const bytes = Buffer.from(`451-${prefix}["message",{"_placeholder":true,"num":0},"`, 'latin1');
  return { namespace, bytes };
}

/** Engine.IO is given a server that makes no others. */
function outletSocketOf(conn: EngineSocket): OutletWebSocket | undefined {
  return webSocketOf(conn) as OutletWebSocket | undefined;
}

/** Of Engine.IO, which declares the second one private. */
interface Queueing {
  readonly readyState: string;
  readonly writeBuffer: readonly unknown[];
}
