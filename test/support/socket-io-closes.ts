/** How the connections of a Socket.IO client ended: the reason that it gives, and the code of its WebSocket's close. */
import type { Socket } from 'socket.io-client';

export interface Closes {
  readonly reasons: readonly string[];
  /** Of the WebSocket that was there when `followCloses` was called; 1005 where the client gave none. */
  readonly codes: readonly number[];
}

export function followCloses(socket: Socket): Closes {
  const reasons: string[] = [];
  const codes: number[] = [];
  socket.on('disconnect', (reason) => reasons.push(reason));
  const { transport } = socket.io.engine as unknown as { transport: { ws: WebSocketLike } };
  transport.ws.addEventListener('close', ({ code }) => codes.push(code));
  return { reasons, codes };
}

interface WebSocketLike {
  addEventListener(type: 'close', listener: (event: { readonly code: number }) => void): void;
}
