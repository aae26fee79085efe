/**
 * Unmodified Socket.IO clients of each minor release that takes part in connection state recovery, behind one
 * type: what tests use of them has not changed since 4.6.
 */
import { io as io48 } from 'socket.io-client';
import { io as io46 } from 'socket.io-client-46';
import { io as io47 } from 'socket.io-client-47';

export const socketIoReleases = ['4.6', '4.7', '4.8'] as const;
export type SocketIoRelease = (typeof socketIoReleases)[number];

/** As clients take them by default, and without long polling. */
export const transportChoices = [['polling', 'websocket'], ['websocket']] as const;
export type Transports = readonly ('polling' | 'websocket')[];

type Connect = typeof io48;

export function clientOf(release: SocketIoRelease): Connect {
  switch (release) {
    case '4.6':
      return io46 as unknown as Connect;
    case '4.7':
      return io47 as unknown as Connect;
    case '4.8':
      return io48;
  }
}
