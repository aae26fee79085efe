/** What a connection hears of its socket, as one set: attached together, and taken off together when the socket is given away. */
import type { Socket } from 'node:net';

export interface SocketEvents {
  readonly data: (chunk: Buffer) => void;
  readonly end: () => void;
  readonly drain: () => void;
  readonly error: (error: Error) => void;
  readonly close: () => void;
}

export function attachEvents(socket: Socket, events: SocketEvents): void {
  socket.on('data', events.data);
  socket.on('end', events.end);
  socket.on('drain', events.drain);
  socket.on('error', events.error);
  socket.on('close', events.close);
}

export function detachEvents(socket: Socket, events: SocketEvents): void {
  socket.off('data', events.data);
  socket.off('end', events.end);
  socket.off('drain', events.drain);
  socket.off('error', events.error);
  socket.off('close', events.close);
}
