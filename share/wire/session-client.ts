/**
 * A member's connection to a session, by the client library that editors embed: login, a session of one's own or somebody
 * else's, and a socket that comes back by itself. The library gives up 30 s after it lost its socket.
 */
import { webcrypto } from 'node:crypto';
import { ConnectionProvider, SocketIoTransport, initializeProtocol } from 'open-collaboration-protocol';
import type { AuthMetadata, Peer, ProtocolBroadcastConnection, Workspace } from 'open-collaboration-protocol';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { version } from '#shared/version.ts';
import { trustOrigins } from './trusted-origins.ts';

export interface Account {
  readonly name: string;
  readonly email?: string | undefined;
  /** Of the server, for programs: instead of name and address. */
  readonly apiKey?: string | undefined;
}

export interface ClientOptions {
  /** Where the front door is, without a slash at its end; without a session's key. */
  readonly url: string;
  readonly account: Account;
  /** Somebody has to open this page and log in there. */
  readonly onLoginPage: (url: string) => void;
  /** The socket is there, or is away for now. */
  readonly onLine: (isConnected: boolean) => void;
}

export interface SessionConnection {
  readonly key: string;
  readonly connection: ProtocolBroadcastConnection;
  /** Resolves when what was said has left, but for a little; rejects where that takes too long. */
  readonly roomToSend: () => Promise<void>;
  /** Resolves with the server's word when it refuses the socket for good: the library would wait for ever. */
  readonly refused: Promise<string>;
}

export interface GuestConnection extends SessionConnection {
  readonly host: Peer;
  readonly workspace: Workspace;
}

const clientName = `mooring@${version}`;
/** Short, so that a session that moves is back before anybody has noticed. */
const reconnectDelayMs = 300;
const reconnectDelayMaxMs = 3_000;
/** A socket whose edge died before its first packet is noticed only then. */
const openMaxMs = 8_000;
/** The server holds a question for the host's word, or for a login, for 30 s at most. */
const answerMaxMs = 60_000;
/** Bytes that may wait in our own socket because the server does not take them as fast. */
const waitingMaxBytes = 8 * 1_024 * 1_024;
const waitingMaxMs = 45_000;
const waitingLookMs = 20;

initializeProtocol({ cryptoModule: webcrypto });

/** Creates a session; `key` is what it is to be called, if anything. */
export async function hostSession(options: ClientOptions, key?: string): Promise<SessionConnection> {
  const { provider, line } = openProvider(options, key);
  const { roomId, roomToken } = await provider.createRoom({});
  const connection = trustOrigins(await provider.connect(roomToken));
  return { key: roomId, connection, ...line };
}

/** Asks to be let in, and waits for the host's word. */
export async function joinSession(options: ClientOptions, key: string): Promise<GuestConnection> {
  const { provider, line } = openProvider(options, key);
  const { roomToken, host, workspace } = await provider.joinRoom({ roomId: key });
  const connection = trustOrigins(await provider.connect(roomToken, host), host.id);
  return { key, connection, ...line, host, workspace };
}

function openProvider(
  options: ClientOptions,
  key: string | undefined,
): { provider: ConnectionProvider; line: Pick<SessionConnection, 'roomToSend' | 'refused'> } {
  const sockets: Socket[] = [];
  const refused = Promise.withResolvers<string>();
  /** Why the login failed: the library says of it only that it has stopped to wait. */
  let refusal: unknown;
  const provider = new ConnectionProvider({
    url: options.url,
    client: clientName,
    fetch: async (url, init = {}) =>
      await ask(url, {
        ...(init as RequestInit),
        headers: {
          ...init.headers,
          'x-oct-client': clientName,
          ...(key !== undefined && url.endsWith('/session/create') && { ctstickiness: key }),
        },
      }).catch((error: unknown) => {
        throw refusal ?? error;
      }),
    authenticationHandler: async (token, metadata) => {
      try {
        await logIn(options, token, metadata);
        return true;
      } catch (error) {
        refusal = error;
        return false;
      }
    },
    transports: [
      {
        id: 'socket.io',
        createTransport: (url, headers) => {
          const socket = openSocket(url, headers, options.onLine);
          sockets.push(socket);
          // Of one that comes back by itself it is that nobody can be reached.
          socket.on('connect_error', ({ message }) => socket.active || refused.resolve(message));
          return new SocketIoTransport(socket);
        },
      },
    ],
  });
  const line = {
    roomToSend: async () => await roomToSend(sockets[0]!),
    refused: refused.promise,
  };
  return { provider, line };
}

/** WebSocket first: what moves with a session loses nothing on it. */
function openSocket(url: string, headers: Record<string, string>, onLine: ClientOptions['onLine']): Socket {
  const { pathname } = new URL(url);
  const socket = io(url, {
    path: `${pathname.replace(/\/?$/, '/')}socket.io`,
    extraHeaders: headers,
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    timeout: openMaxMs,
    reconnectionDelay: reconnectDelayMs,
    reconnectionDelayMax: reconnectDelayMaxMs,
    forceNew: true,
  });
  socket.on('connect', () => onLine(true));
  socket.on('disconnect', () => onLine(false));
  return socket;
}

/** The library sends whatever it is given, and nothing tells it to wait. */
async function roomToSend(socket: Socket): Promise<void> {
  const deadline = performance.now() + waitingMaxMs;
  while (!socket.connected || waitingBytes(socket) > waitingMaxBytes) {
    if (performance.now() > deadline) throw new Error('the line is too slow');
    await new Promise((resolve) => setTimeout(resolve, waitingLookMs));
  }
}

/** On a WebSocket; by polling what waits is with the engine, as packets. */
function waitingBytes({ io: { engine } }: Socket): number {
  const { ws } = engine.transport as unknown as { ws?: { readonly bufferedAmount: number } };
  const packets = engine.writeBuffer as readonly { readonly data?: { readonly length?: number } }[];
  return packets.reduce((sum, { data }) => sum + (data?.length ?? 0), ws?.bufferedAmount ?? 0);
}

async function logIn(
  { url, account, onLoginPage }: ClientOptions,
  token: string,
  metadata: AuthMetadata,
): Promise<void> {
  const form = metadata.providers.find(
    ({ type, name }) => type === 'form' && name === (account.apiKey === undefined ? 'unverified' : 'apikey'),
  );
  if (form === undefined) {
    if (metadata.loginPageUrl === undefined) throw new Error(`${url} has no login for this command`);
    const page = new URL(metadata.loginPageUrl, `${url}/`);
    page.searchParams.set('token', token);
    onLoginPage(page.href);
    return;
  }
  const fields =
    account.apiKey === undefined
      ? { user: account.name, ...(account.email !== undefined && { email: account.email }) }
      : { apiKey: account.apiKey };
  const response = await ask(`${url}${form.endpoint}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, ...fields }),
  });
  if (!response.ok) throw new Error(`${url} refuses the login (${response.status})`);
}

/** A front door that cannot be reached is told by its address and the reason, which `fetch` keeps to itself. */
async function ask(url: string, init: RequestInit): Promise<Response> {
  const deadline = AbortSignal.timeout(answerMaxMs);
  try {
    return await fetch(url, {
      ...init,
      signal: init.signal ? AbortSignal.any([init.signal, deadline]) : deadline,
    });
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    const reason = deadline.aborted ? 'no answer' : (code ?? message);
    throw new Error(`${new URL(url).origin} cannot be reached (${reason})`, { cause: error });
  }
}
