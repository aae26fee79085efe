/**
 * An Engine.IO connection and its Socket.IO socket on the edge's side of a tunnel, as far as product code looks at
 * them: the packets, heartbeats and ends that the real ones have (engine.io 6.6, socket.io 4.8), on a WebSocket.
 */
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket as EngineSocket } from 'engine.io';
import type { Socket } from 'socket.io';
import type { ConnectAuth, Tunnel, UpFrame } from './tunnel.ts';

const pingIntervalMs = 5_000;
const pingTimeoutMs = 10_000;
/** `ws` waits so long for the peer's close frame. */
const closeTimeoutMs = 30_000;

export class EngineConnection extends EventEmitter {
  readyState: 'open' | 'closed' = 'open';
  readonly upgrading = false;
  readonly request: IncomingMessage;
  readonly tunnel: Tunnel;
  readonly transport: object;
  pingTimeoutTimer: NodeJS.Timeout | null = null;
  /** This side has begun to close: what the client writes from now on is the client's to lose. */
  isClosing = false;
  onConnect: (auth: ConnectAuth) => void = () => undefined;
  onEvent: (bytes: Uint8Array) => void = () => undefined;
  #pingIntervalTimer: NodeJS.Timeout;

  constructor(tunnel: Tunnel, request: IncomingMessage) {
    super();
    this.setMaxListeners(0);
    this.request = request;
    this.tunnel = tunnel;
    this.transport = { name: 'websocket', writable: true, socket: webSocketOn(this, tunnel) };
    tunnel.onUp = (frame) => this.#receive(frame);
    this.#pingIntervalTimer = this.#schedulePing();
  }

  sendPacket(type: 'ping'): void {
    this.emit('packetCreate', { type });
    this.tunnel.sendDown({ kind: type });
  }

  /** `discard` as Engine.IO has it. */
  close(_discard: boolean): void {
    this.startClose(1000);
  }

  /** A close handshake: our frame goes out behind all that was sent, the client answers it. */
  startClose(code: number): void {
    if (this.isClosing || this.readyState === 'closed') return;
    this.isClosing = true;
    this.tunnel.sendDown({ kind: 'close', code });
    const timer = setTimeout(() => this.terminate(), closeTimeoutMs);
    this.once('close', () => clearTimeout(timer));
  }

  terminate(): void {
    this.tunnel.break(true);
    // As `ws` does: the event comes with the next turn.
    setImmediate(() => this.end());
  }

  end(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    clearTimeout(this.#pingIntervalTimer);
    if (this.pingTimeoutTimer !== null) clearTimeout(this.pingTimeoutTimer);
    this.emit('close');
  }

  #receive(frame: UpFrame): void {
    if (this.readyState === 'closed') return;
    switch (frame.kind) {
      case 'pong':
        if (this.pingTimeoutTimer !== null) clearTimeout(this.pingTimeoutTimer);
        this.#pingIntervalTimer.refresh();
        this.emit('heartbeat');
        return;
      case 'connect':
        return this.onConnect(frame.auth);
      case 'event':
        return this.onEvent(frame.bytes);
      case 'close':
      case 'broken':
        this.tunnel.break(false);
        return this.end();
      case 'bytes':
    }
  }

  #schedulePing(): NodeJS.Timeout {
    return setTimeout(() => {
      this.sendPacket('ping');
      if (this.pingTimeoutTimer !== null) clearTimeout(this.pingTimeoutTimer);
      this.pingTimeoutTimer = setTimeout(() => this.terminate(), pingTimeoutMs);
    }, pingIntervalMs);
  }
}

/** The part of `ws` that `edge/oct/transport.ts` uses. */
function webSocketOn(conn: EngineConnection, tunnel: Tunnel): object {
  return {
    get bufferedAmount(): number {
      return Math.max(0, tunnel.waitingBytes - systemBufferBytes);
    },
    on: () => undefined,
    pause: () => tunnel.pauseUp(),
    resume: () => tunnel.resumeUp(),
    close: (code: number) => conn.startClose(code),
    send: (text: string) => {
      if (text === '9') tunnel.sendDown({ kind: 'stop' });
    },
    terminate: () => conn.terminate(),
  };
}

/** What the systems on the way take before a connection shows that nobody reads. */
const systemBufferBytes = 4_096;

interface SocketOptions {
  readonly id: string;
  readonly auth: ConnectAuth;
  /** Set where the client goes on with its stream. */
  readonly recoveredPid: string | undefined;
  readonly freshPid: string;
}

class SimSocket extends EventEmitter {
  readonly id: string;
  readonly conn: EngineConnection;
  readonly request: IncomingMessage;
  readonly handshake: { readonly auth: object; readonly headers: Readonly<Record<string, string>> };
  readonly recovered: boolean;
  pid: string;
  #isConnected = true;

  constructor(conn: EngineConnection, { id, auth, recoveredPid, freshPid }: SocketOptions) {
    super();
    this.id = id;
    this.conn = conn;
    this.request = conn.request;
    const { pid, offset } = auth;
    this.handshake = { auth: { pid, offset }, headers: {} };
    this.recovered = recoveredPid !== undefined;
    this.pid = recoveredPid ?? freshPid;
    conn.once('close', () => this.#leave());
  }

  send(bytes: Uint8Array, offset: string): void {
    if (!this.#isConnected) return;
    this.conn.tunnel.sendDown({ kind: 'event', bytes, offset });
    this.conn.emit('flush');
  }

  /** A DISCONNECT packet, then the end: the client stays away. */
  disconnect(_close: boolean): void {
    if (!this.#isConnected) return;
    this.conn.tunnel.sendDown({ kind: 'expelled' });
    this.conn.startClose(1000);
    this.#leave();
  }

  #leave(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.emit('disconnect');
  }
}

/** The socket of a client that has said CONNECT. */
export function createSocket(conn: EngineConnection, options: SocketOptions): Socket {
  return new SimSocket(conn, options) as unknown as Socket;
}

export function asEngineSocket(conn: EngineConnection): EngineSocket {
  return conn as unknown as EngineSocket;
}
