/** WebSockets that are written to past `ws` and past Node's streams, as well as through them: all of an edge are such. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import type { ServerOptions } from 'ws';
import { Outlet } from './outlet.ts';
import { addAnswerFields } from './upgrade-offer.ts';

type Sending = Parameters<WebSocket['send']>;
type SendCallback = NonNullable<Sending[2]>;

export class OutletWebSocket extends WebSocket {
  /** The way to the socket, which `ws` keeps to itself. There from the upgrade on. */
  declare outlet: Outlet;

  override send(data: Sending[0], options?: Sending[1] | SendCallback, callback?: SendCallback): void {
    this.outlet.settle();
    // Also a function in the place of options, as `ws` takes it.
    super.send(data, options as Sending[1], callback);
  }

  /** Also called by `ws` itself: nothing comes after a Close frame. */
  override close(code?: number, reason?: string | Buffer): void {
    this.outlet.settle();
    super.close(code, reason);
  }
}

export class OutletServer extends WebSocketServer {
  constructor(options: ServerOptions) {
    super({ ...options, WebSocket: OutletWebSocket });
  }

  override handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (client: OutletWebSocket, request: IncomingMessage) => void,
  ): void {
    // Here, because Engine.IO removes all listeners that it finds.
    if (this.listenerCount('headers', addAnswerFields) === 0) this.on('headers', addAnswerFields);
    super.handleUpgrade(request, socket, head, (client, request) => {
      const webSocket = client as OutletWebSocket;
      webSocket.outlet = new Outlet(socket);
      callback(webSocket, request);
    });
  }
}
