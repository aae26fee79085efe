/**
 * Open Collaboration clients for tests: the unmodified npm libraries of both releases that editors embed,
 * behind the little that an editor adds (approve guests, greet them, keep what happened).
 */
import { webcrypto } from 'node:crypto';
import * as oct033 from 'open-collaboration-protocol';
import * as oct030 from 'open-collaboration-protocol-030';
import type {
  MessageTransportProvider,
  Peer,
  ProtocolBroadcastConnection,
  User,
} from 'open-collaboration-protocol';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import type { SessionTokens } from '#shared/session-token.ts';
import { Inbox } from './oct-inbox.ts';

export type OctRelease = '0.3.0' | '0.3.3';
type OctLibrary = typeof oct033;

export interface OctClientOptions {
  /** Base URL as an editor is given it; may end in `/~KEY`. */
  readonly url: string;
  readonly loginToken: string;
  readonly release?: OctRelease;
  /** As the editor calls itself. */
  readonly client?: string;
  readonly fetch?: typeof fetch;
  readonly pollingOnly?: boolean;
  readonly webSocketOnly?: boolean;
  /** Comes back as slowly as users' clients do, after 0.5 to 1.5 s. */
  readonly ownBackOff?: boolean;
  /** Instead of the helper's own, for tests of the library's transports. */
  readonly transports?: readonly MessageTransportProvider[];
}

export type OctEvent =
  | { kind: 'identity'; peer: Peer }
  | { kind: 'joined' | 'left'; peer: Peer }
  | { kind: 'init'; host: Peer; guests: readonly Peer[]; readonly: boolean }
  | { kind: 'chat'; from: string; text: string; isDirect: boolean }
  | { kind: 'opened'; from: string; path: string }
  | { kind: 'permissions'; from: string; permissions: object }
  /** A message of the server that is no part of what members say. */
  | { kind: 'error'; message: string }
  | { kind: 'closed' | 'reconnected' | 'disposed' };

export interface OctMember {
  readonly key: string;
  readonly roomToken: string;
  readonly connection: ProtocolBroadcastConnection;
  /** The Socket.IO socket under the connection; undefined with transports of the test's own. */
  readonly socket: Socket | undefined;
  readonly events: Inbox<OctEvent>;
  /** As the server introduced us. */
  readonly self: Peer;
  dispose(): void;
}

export interface HostOptions extends OctClientOptions {
  /** What the host says to a guest who asks; lets everybody in unless given. */
  readonly approves?: (user: User) => boolean | Promise<boolean>;
  /** Names of guests who may only read. */
  readonly readers?: readonly string[];
}

export const testWorkspace = { name: 'workspace', folders: ['src'] };

/** A login token as the front door would sign it. */
export async function signLogin(tokens: SessionTokens, name: string): Promise<string> {
  return await tokens.signLogin({
    id: `user-${name}`,
    name,
    email: `${name}@example.org`,
    authProvider: 'simple',
  });
}

/** Logs in over HTTP with the simple provider, the way a client does. */
export async function logIn(url: string, name: string, release: OctRelease = '0.3.3'): Promise<string> {
  const provider = new (libraryOf(release).ConnectionProvider)({
    url,
    fetch,
    transports: [],
    authenticationHandler: async (token) => {
      const body = JSON.stringify({ token, user: name, email: `${name}@example.org` });
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${url}/api/login/simple`, { method: 'POST', headers, body })).ok;
    },
  });
  return await provider.login({});
}

/** Creates a session and connects as its host; resolves when the server has introduced the host. */
export async function hostSession(options: HostOptions): Promise<OctMember> {
  const client = createClient(options);
  const { roomId, roomToken } = await client.provider.createRoom({});
  const { approves = () => true, readers = [] } = options;
  return await connectMember(client, { key: roomId, roomToken, policy: { approves, readers } });
}

/** Asks to join, waits for the host's approval and connects; rejects where the host refuses. */
export async function joinSession(options: OctClientOptions, key: string): Promise<OctMember> {
  const client = createClient(options);
  const { roomToken, host } = await client.provider.joinRoom({ roomId: key });
  return await connectMember(client, { key, roomToken, host });
}

interface Client {
  readonly provider: InstanceType<OctLibrary['ConnectionProvider']>;
  readonly sockets: Socket[];
}

function createClient(options: OctClientOptions): Client {
  const release = options.release ?? '0.3.3';
  const library = libraryOf(release);
  const sockets: Socket[] = [];
  const provider = new library.ConnectionProvider({
    url: options.url,
    userToken: options.loginToken,
    fetch: options.fetch ?? fetch,
    transports: [...(options.transports ?? [transportOf(library, release, options, sockets)])],
    authenticationHandler: async () => false,
    ...(options.client === undefined ? {} : { client: options.client }),
  });
  return { provider, sockets };
}

/** The library's own provider but for `forceNew`: else clients of one process share one connection. */
function transportOf(
  library: OctLibrary,
  release: OctRelease,
  { pollingOnly, webSocketOnly, ownBackOff }: OctClientOptions,
  sockets: Socket[],
): MessageTransportProvider {
  return {
    id: 'socket.io',
    createTransport: (url, headers) => {
      const { pathname } = new URL(url);
      const socket = io(url, {
        ...(release === '0.3.3' ? { path: `${pathname.replace(/\/?$/, '/')}socket.io` } : {}),
        ...(pollingOnly === true ? { transports: ['polling'] } : {}),
        ...(webSocketOnly === true ? { transports: ['websocket'], timeout: webSocketOpenMaxMs } : {}),
        extraHeaders: headers,
        forceNew: true,
      });
      // Tests should not wait for the second that clients wait before they come back.
      if (ownBackOff !== true)
        socket.io.reconnectionDelay(reconnectDelayMs).reconnectionDelayMax(reconnectDelayMs);
      sockets.push(socket);
      return new library.SocketIoTransport(socket);
    },
  };
}

interface Invitation {
  readonly key: string;
  readonly roomToken: string;
  readonly host?: Peer;
  /** Of the host. */
  readonly policy?: HostPolicy;
}

type HostPolicy = Required<Pick<HostOptions, 'approves' | 'readers'>>;

async function connectMember({ provider, sockets }: Client, invitation: Invitation): Promise<OctMember> {
  const { key, roomToken, host, policy } = invitation;
  const connection = await provider.connect(roomToken, host);
  const events = new Inbox<OctEvent>();
  keepEvents(connection, events);
  if (policy !== undefined) actAsHost(connection, events, policy);
  try {
    const { peer: self } = await events.next(isIdentity, 'the introduction');
    return {
      key,
      roomToken,
      connection,
      socket: sockets[0],
      events,
      self,
      dispose: () => dispose(connection),
    };
  } catch (error) {
    dispose(connection);
    throw error;
  }
}

function keepEvents(connection: ProtocolBroadcastConnection, events: Inbox<OctEvent>): void {
  connection.peer.onInfo((_origin, peer) => events.add({ kind: 'identity', peer }));
  connection.peer.onInit((_origin, { host, guests, permissions }) =>
    events.add({ kind: 'init', host, guests, readonly: permissions.readonly }),
  );
  connection.room.onJoin((_origin, peer) => events.add({ kind: 'joined', peer }));
  connection.room.onLeave((_origin, peer) => events.add({ kind: 'left', peer }));
  connection.onError((message) => events.add({ kind: 'error', message }));
  connection.room.onClose(() => events.add({ kind: 'closed' }));
  connection.room.onPermissions((from, permissions) =>
    events.add({ kind: 'permissions', from, permissions }),
  );
  connection.editor.onOpen((from, path) => events.add({ kind: 'opened', from, path }));
  // Release 0.3.0 has no chat.
  connection.chat?.onMessage((from, text, isDirect) => events.add({ kind: 'chat', from, text, isDirect }));
  connection.onReconnect(() => events.add({ kind: 'reconnected' }));
  connection.onDisconnect(() => events.add({ kind: 'disposed' }));
}

/** A host decides who comes in and tells every newcomer who is there; until then a guest can send nothing. */
function actAsHost(
  connection: ProtocolBroadcastConnection,
  events: Inbox<OctEvent>,
  { approves, readers }: HostPolicy,
): void {
  connection.peer.onJoinRequest(async (_origin, user) =>
    (await approves(user)) ? { workspace: testWorkspace } : undefined,
  );
  const guests = new Map<string, Peer>();
  connection.room.onLeave((_origin, peer) => {
    guests.delete(peer.id);
    events.add({ kind: 'left', peer });
  });
  connection.room.onJoin(async (_origin, peer) => {
    events.add({ kind: 'joined', peer });
    const { peer: host } = await events.next(isIdentity, 'the introduction');
    const others = [...guests.values()].filter((guest) => guest.id !== peer.id);
    guests.set(peer.id, peer);
    await connection.peer.init(peer.id, {
      protocol: '0.3.0',
      host,
      guests: others,
      permissions: { readonly: readers.includes(peer.name) },
      capabilities: {},
      workspace: testWorkspace,
    });
  });
}

function isIdentity(event: OctEvent): event is OctEvent & { kind: 'identity' } {
  return event.kind === 'identity';
}

/** Ends a connection with the timers that the library leaves behind, which would keep the process alive. */
function dispose(connection: ProtocolBroadcastConnection): void {
  connection.dispose();
  const leftovers = connection as unknown as {
    requestMap: Map<unknown, { dispose(): void }>;
    options: { transport: { disconnectTimeout?: NodeJS.Timeout } };
  };
  for (const request of leftovers.requestMap.values()) request.dispose();
  clearTimeout(leftovers.options.transport.disconnectTimeout);
}

const reconnectDelayMs = 20;
/** A client whose WebSocket ends before its first packet notices only then; by its default that is 20 s. */
const webSocketOpenMaxMs = 2_000;

function libraryOf(release: OctRelease): OctLibrary {
  return release === '0.3.3' ? oct033 : (oct030 as unknown as OctLibrary);
}

/** All clients of a process share one key pair: each would cost two seconds of the processor. */
function sharedKeyCrypto(): typeof webcrypto {
  const { subtle } = webcrypto;
  let pair: Promise<webcrypto.CryptoKeyPair> | undefined;
  const generateKey = async (
    algorithm: { name: string },
    ...rest: [boolean, webcrypto.KeyUsage[]]
  ): Promise<unknown> => {
    if (algorithm.name !== 'RSA-OAEP')
      return await subtle.generateKey(algorithm as webcrypto.AesKeyGenParams, ...rest);
    pair ??= subtle.generateKey(algorithm as webcrypto.RsaHashedKeyGenParams, ...rest);
    return await pair;
  };
  const shared = new Proxy(subtle, {
    get: (target, name) => {
      const value: unknown = name === 'generateKey' ? generateKey : Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { subtle: shared } as typeof webcrypto;
}

const crypto = sharedKeyCrypto();
oct033.initializeProtocol({ cryptoModule: crypto });
oct030.initializeProtocol({ cryptoModule: crypto });
