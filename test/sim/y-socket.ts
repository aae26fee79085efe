/** WebSockets of y-websocket members on tunnels, as far as `edge/y/member.ts` looks at them. */
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { OutletWebSocket } from '../../edge/outlet-server.ts';
import { Outlet } from '../../edge/outlet.ts';
import type { UpgradeExtras } from './sim-gateway.ts';
import type { Tunnel, UpFrame } from './tunnel.ts';

class YSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  readonly #tunnel: Tunnel;

  constructor(tunnel: Tunnel) {
    super();
    this.#tunnel = tunnel;
    tunnel.onUp = (frame) => this.#receive(frame);
  }

  /** Answered by the client's system. */
  ping(): void {
    this.#tunnel.sendDown({ kind: 'ping' });
  }

  pause(): void {
    this.#tunnel.pauseUp();
  }

  resume(): void {
    this.#tunnel.resumeUp();
  }

  close(code: number): void {
    if (this.readyState !== this.OPEN) return;
    this.readyState = 2;
    this.#tunnel.sendDown({ kind: 'close', code });
  }

  terminate(): void {
    this.#tunnel.break(true);
    setImmediate(() => this.#end());
  }

  #receive(frame: UpFrame): void {
    if (this.readyState === 3) return;
    switch (frame.kind) {
      case 'bytes':
        return void this.emit('message', frame.bytes, true);
      case 'pong':
        return void this.emit('pong');
      case 'close':
      case 'broken':
        this.#tunnel.break(false);
        return this.#end();
      default:
    }
  }

  #end(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit('close', 1006);
  }
}

export class SimWebSockets {
  handleUpgrade(
    request: IncomingMessage,
    _socket: Duplex,
    _head: Buffer,
    callback: (client: OutletWebSocket, request: IncomingMessage) => void,
  ): void {
    const tunnel = (request as unknown as UpgradeExtras).agree();
    const socket = Object.assign(request.socket, {
      writableLength: 0,
      write: (bytes: Buffer) => tunnel.sendDown({ kind: 'bytes', bytes }),
      cork: () => undefined,
      uncork: () => undefined,
    });
    Object.assign(request, { socket });
    const client = Object.assign(new YSocket(tunnel), { outlet: new Outlet(socket) });
    callback(client as unknown as OutletWebSocket, request);
  }
}
