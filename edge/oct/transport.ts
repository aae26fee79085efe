/**
 * The Engine.IO connection under a Socket.IO socket: what waits in it, and the ways to end it. The client
 * of a connection that ends here tries again; only `socket.disconnect` tells it not to.
 */
import type { Socket as EngineSocket, Transport } from 'engine.io';
import type { WebSocket } from 'ws';

export function isWebSocket(conn: EngineSocket): boolean {
  return conn.transport.name === 'websocket';
}

/** Bytes that the transport has taken and the network has not. */
export function bufferedBytes(conn: EngineSocket): number {
  return webSocketOf(conn)?.bufferedAmount ?? 0;
}

/**
 * Says goodbye in the transport's own way: a WebSocket close code, or a close packet for a poll that waits.
 * Between two polls there is no way to say it: the next one finds its sid unknown, and the client starts anew.
 */
export function closeTransport(conn: EngineSocket, closeCode: number): void {
  const webSocket = webSocketOf(conn);
  if (webSocket === undefined) return conn.close(!conn.transport.writable);
  // One that is not read would never show the peer's close frame.
  webSocket.resume();
  webSocket.close(closeCode);
}

/**
 * Ends the connection at a point of the stream that the client sees: `9` is a packet that Engine.IO does not know, at
 * which every client closes. All that it wrote before arrives before its Close frame, all that it writes later is
 * kept for its next connection; at a WebSocket close from our side it would write into the closing socket, and lose it.
 */
export function stopTransport(conn: EngineSocket): void {
  stopped.add(conn);
  const webSocket = webSocketOf(conn);
  if (webSocket === undefined) return stopPolling(conn);
  webSocket.resume();
  webSocket.send(stopPacket);
}

const stopPacket = '9';

const stopped = new WeakSet<EngineSocket>();

/**
 * From the stop on a pong is no proof of what its client has. Socket.IO's client passes a message on when the turn is over in
 * which it read it: where it reads message, ping and stop in one go, it answers the ping and throws the message away.
 */
export function isStopping(conn: EngineSocket): boolean {
  return stopped.has(conn);
}

/**
 * The same for a client that polls, as the answer to its next poll that nothing else waits for. Its connection stays
 * until it says goodbye, so that what it is just sending is heard; what it has queued behind that may be lost. The client
 * may also be on its way to a WebSocket.
 */
function stopPolling(conn: EngineSocket): void {
  // One that is closing has its next poll answered with that already.
  if (conn.readyState !== 'open') return;
  const transport = conn.transport as PollingTransport;
  const answer = (): void => {
    // A client that is about to change to its WebSocket sends nothing until it has, and would lose what it holds.
    if (!transport.writable || isUpgrading(conn)) return;
    transport.off('ready', answer);
    transport.writable = false;
    transport.write(stopPacket, { compress: false });
  };
  // Engine.IO listens first: its own packets take the poll before this one.
  transport.on('ready', answer);
  conn.once('upgrade', () => {
    transport.off('ready', answer);
    stopTransport(conn);
  });
  answer();
}

/** Its client is about to change from polling to a WebSocket, and sends nothing until it has. */
export function isUpgrading(conn: EngineSocket): boolean {
  return (conn as unknown as { readonly upgrading: boolean }).upgrading;
}

/** Engine.IO declares the method private, and the field above. */
type PollingTransport = Transport & { write(data: string, options: { compress: boolean }): void };

/** Ends the connection now, with all that waits in it: for a peer that does not read. */
export function cutTransport(conn: EngineSocket): void {
  const webSocket = webSocketOf(conn);
  if (webSocket === undefined) conn.close(true);
  else webSocket.terminate();
}

/** Takes nothing more from a WebSocket; what came already may still come out. */
export function pauseReading(conn: EngineSocket): void {
  webSocketOf(conn)?.pause();
}

export function resumeReading(conn: EngineSocket): void {
  webSocketOf(conn)?.resume();
}

/**
 * The peer has just said something, so its silence, for which Engine.IO would close the connection, begins now. Engine.IO
 * does the same, but once per ping.
 */
export function proveLife(conn: EngineSocket): void {
  const { pingTimeoutTimer } = conn as unknown as { readonly pingTimeoutTimer: NodeJS.Timeout | null };
  pingTimeoutTimer?.refresh();
}

/** Tells of a WebSocket message beyond the limit, which closes the connection; a poll's is answered with 413. */
export function onOversizedMessage(conn: EngineSocket, listener: () => void): void {
  const listen = (): void =>
    void webSocketOf(conn)?.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') listener();
    });
  listen();
  conn.once('upgrade', listen);
}

/** Engine.IO declares the field private, and has no other way to a close code or to the buffered amount. */
export function webSocketOf(conn: EngineSocket): WebSocket | undefined {
  if (!isWebSocket(conn)) return undefined;
  return (conn.transport as Transport & { readonly socket: WebSocket }).socket;
}
