/**
 * The control port: edges join here once they have shown the join token. A successor shares it with the front door before it, which
 * sends its edges on and serves them until they are at home there: so no edge is without a front door in between.
 */
import type { IncomingMessage, Server } from 'node:http';
import { createServer as createListener } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from '#shared/node-http.ts';
import { WebSocketServer } from 'ws';
import { bearsToken, listen } from '#shared/admin-server.ts';
import { controlMessageMaxBytes, controlPath } from '#shared/control-protocol.ts';
import type { EdgeId } from '#shared/ids.ts';
import { awaitTurn, isSuccessor } from '#shared/replacement.ts';
import { acceptEdge } from './control-server.ts';
import type { ConnectedEdges, ConnectionOptions } from './control-server.ts';

export interface ControlOptions extends ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly joinToken: string;
}

export interface ControlPort {
  readonly port: number;
  /** Sends all edges to whoever shares the port, and takes none any more. Resolves with those that are not there in time. */
  handOver(maxMs: number): Promise<readonly EdgeId[]>;
  close(): void;
}

/**
 * Somebody has the port and does not share it, or this is a system where processes cannot listen at one port so that each gets
 * connections: libuv says ENOTSUP, a kernel that does not know the option EINVAL or ENOPROTOOPT.
 */
const cannotShare: readonly unknown[] = ['EADDRINUSE', 'ENOTSUP', 'EINVAL', 'ENOPROTOOPT'];

/** Edges can be at home here before the process before lets go of them; where the port cannot be shared, afterwards. */
export async function takeControlPort(options: ControlOptions | undefined): Promise<ControlPort | undefined> {
  const early = options !== undefined && isSuccessor() ? await shareControlPort(options) : undefined;
  await awaitTurn({ takesEdges: early !== undefined });
  return early ?? (options && (await openControlPort(options)));
}

async function openControlPort(options: ControlOptions): Promise<ControlPort> {
  // A port that any process has belongs to somebody else.
  if (options.port !== 0) await findFree(options.host, options.port);
  return (await shareControlPort(options)) ?? (await openAt(options, false));
}

/** Beside the process that is to be replaced, where there is one; undefined where the port cannot be shared. */
async function shareControlPort(options: ControlOptions): Promise<ControlPort | undefined> {
  try {
    return await openAt(options, true);
  } catch (error) {
    if (cannotShare.includes((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}

async function openAt(options: ControlOptions, reusePort: boolean): Promise<ControlPort> {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: controlMessageMaxBytes,
    perMessageDeflate: false,
  });
  const connected: ConnectedEdges = new Map();
  const server = createServer((_request, response) => {
    response.writeHead(426, { connection: 'close' });
    response.end();
  });
  takeUpgrades(server, sockets, connected, options);
  const port = await listen(server, { host: options.host, port: options.port, reusePort });
  return {
    port,
    handOver: async (maxMs) => {
      // Before they are told: this process is not whom they are to find.
      server.close();
      return await sendAllOn(connected, maxMs);
    },
    close: () => {
      server.close();
      for (const client of sockets.clients) client.terminate();
    },
  };
}

function takeUpgrades(
  server: Server,
  sockets: WebSocketServer,
  connected: ConnectedEdges,
  options: ControlOptions,
): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    if (request.url !== controlPath || !bearsToken(request, options.joinToken)) {
      options.log.warn('edge.refused', { reason: 'join token or path is wrong' });
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      acceptEdge(webSocket, connected, options);
    });
  });
}

async function sendAllOn(connected: ConnectedEdges, maxMs: number): Promise<readonly EdgeId[]> {
  const left = new Set(connected.keys());
  const following = [...connected].map(async ([id, connection]) => {
    await connection.sendOn();
    left.delete(id);
  });
  await Promise.race([Promise.all(following), sleep(maxMs, undefined, { ref: false })]);
  return [...left];
}

/** Rejects with the system's error where somebody listens, also one who would share. */
async function findFree(host: string, port: number): Promise<void> {
  const probe = createListener();
  await listen(probe, { host, port });
  await new Promise<void>((resolve) => probe.close(() => resolve()));
}
