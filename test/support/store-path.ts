/** The way of one front door to its database server, to be slowed or closed for that one alone. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** `closed`: ended, and refused. Not by resets: one that met a pending end kept Node from ending, spinning over a handle that never closed. */
type PathState = 'open' | 'closed';

export class StorePath {
  readonly port: number;
  /** Each piece of bytes is passed on so much later. */
  delayMs = 0;
  readonly #sockets = new Set<Socket>();
  #state: PathState = 'open';

  private constructor(server: Server, targetPort: number) {
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (near) => {
      if (this.#state === 'closed') {
        near.destroy();
        return;
      }
      const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
      this.#carry(near, far);
      this.#carry(far, near);
    });
  }

  static async open(t: TestContext, targetPort: number): Promise<StorePath> {
    // Both ends of it send each piece at once too.
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const path = new StorePath(server, targetPort);
    t.after(() => {
      server.close();
      path.set('closed');
    });
    return path;
  }

  set(state: PathState): void {
    this.#state = state;
    if (state === 'closed') for (const socket of this.#sockets) socket.destroy();
  }

  #carry(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('error', () => from.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    const waiting: { readonly bytes: Uint8Array; readonly dueMs: number }[] = [];
    const pass = (): void => {
      while (waiting[0] !== undefined && waiting[0].dueMs <= performance.now()) {
        const { bytes } = waiting.shift()!;
        if (!to.destroyed) to.write(bytes);
      }
    };
    // What comes when the delay has ended overtakes nothing that is still on its way.
    from.on('data', (bytes) => {
      // A timer of Node may come a part of a millisecond early.
      waiting.push({ bytes, dueMs: performance.now() + this.delayMs - 1 });
      if (this.delayMs === 0) pass();
      else setTimeout(pass, this.delayMs);
    });
  }
}
