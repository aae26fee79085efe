/** The protocol's own transport, with an ear at its socket: the page says what the connection does. */
import { SocketIoTransport } from 'open-collaboration-protocol';
import type { MessageTransportProvider } from 'open-collaboration-protocol';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';

export interface SocketEvents {
  onUp(socket: Socket): void;
  onDown(): void;
  /** The server wants no more of this client, which will not come back by itself. */
  onRefused(message: string | undefined): void;
}

/** A page comes back sooner than editors do: it has one connection, and somebody looks at it. */
const backOffMs = { first: 200, longest: 2_000 };

export function openTransport(events: SocketEvents): MessageTransportProvider {
  return {
    id: 'socket.io',
    createTransport: (url, headers) => {
      const path = `${new URL(url).pathname.replace(/\/?$/, '/')}socket.io`;
      const socket = io(url, {
        path,
        extraHeaders: headers,
        forceNew: true,
        reconnectionDelay: backOffMs.first,
        reconnectionDelayMax: backOffMs.longest,
      });
      listen(socket, events);
      return new SocketIoTransport(socket);
    },
  };
}

function listen(socket: Socket, events: SocketEvents): void {
  socket.on('connect', () => events.onUp(socket));
  socket.on('disconnect', (reason) => {
    if (reason === 'io server disconnect') events.onRefused(undefined);
    else if (reason !== 'io client disconnect') events.onDown();
  });
  socket.on('connect_error', (error) => {
    if (!socket.active) events.onRefused(error.message);
  });
}

/** The epoch of the session as the server's last message tells it (its offset is `EPOCH.SEQUENCE`). */
export function epochOf(socket: Socket): string | undefined {
  const offset = (socket as unknown as { _lastOffset?: string })._lastOffset;
  return offset?.split('.', 1)[0];
}
