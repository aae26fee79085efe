/**
 * A client that speaks in envelopes: for what the libraries of editors never send. Signs its own session
 * tokens, so it needs no host's approval.
 */
import { generateKeyPairSync } from 'node:crypto';
import type { TestContext } from 'node:test';
import { pack, unpack } from 'msgpackr';
import type { Socket } from 'socket.io-client';
import type { WebSocket } from 'ws';
import type { AffinityKey } from '#shared/ids.ts';
import type { SessionTokens } from '#shared/session-token.ts';
import type { RawMessage } from './oct-envelopes.ts';
import { Inbox } from './oct-inbox.ts';
import { clientOf } from './socket-io-releases.ts';
import type { SocketIoRelease, Transports } from './socket-io-releases.ts';

export type RawEvent =
  | { kind: 'connected' }
  | { kind: 'disconnected'; reason: string }
  | { kind: 'refused'; message: string }
  | { kind: 'message'; message: RawMessage };

export interface RawOptions {
  /** None unless given. */
  readonly token?: string;
  readonly publicKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly namespace?: string;
  readonly release?: SocketIoRelease;
  readonly transports?: Transports;
  readonly reconnects?: boolean;
}

export interface RawClient {
  readonly socket: Socket;
  readonly events: Inbox<RawEvent>;
  /** Sends an object as an envelope, bytes and text as they are. */
  send(envelope: unknown): void;
  /** Takes nothing more from its WebSocket until the returned function is called. */
  stopReading(): () => void;
  /** The first envelope with plain content of this method. */
  call(method: string): Promise<RawMessage>;
  /** The envelopes of a kind so far. */
  messages(kind: string): RawMessage[];
}

export function connectRaw(t: TestContext, edge: { readonly url: string }, options: RawOptions): RawClient {
  const socket = clientOf(options.release ?? '4.8')(edge.url + (options.namespace ?? '/'), {
    path: '/socket.io',
    forceNew: true,
    reconnection: options.reconnects ?? false,
    reconnectionDelay: reconnectDelayMs,
    reconnectionDelayMax: reconnectDelayMs,
    timeout: connectMaxMs,
    transports: [...(options.transports ?? ['websocket'])],
    extraHeaders: {
      ...(options.token === undefined ? {} : { 'x-oct-jwt': options.token }),
      'x-oct-public-key': options.publicKey ?? testPublicKey(),
      ...options.headers,
    },
  });
  t.after(() => socket.close());
  const events = new Inbox<RawEvent>();
  socket.on('connect', () => events.add({ kind: 'connected' }));
  socket.on('disconnect', (reason) => events.add({ kind: 'disconnected', reason }));
  socket.on('connect_error', ({ message }) => events.add({ kind: 'refused', message }));
  socket.on('message', (bytes: Buffer) =>
    events.add({ kind: 'message', message: unpack(bytes) as RawMessage }),
  );
  const messages = (): RawMessage[] =>
    events.items.filter((event) => event.kind === 'message').map(({ message }) => message);
  return {
    socket,
    events,
    send: (envelope) => {
      const isRaw = envelope instanceof Uint8Array || typeof envelope === 'string';
      socket.send(isRaw ? envelope : pack(envelope));
    },
    stopReading: () => {
      const { transport } = socket.io.engine as unknown as { transport: { ws: WebSocket } };
      transport.ws.pause();
      return () => transport.ws.resume();
    },
    call: async (method) => {
      await events.next((event) => event.kind === 'message' && methodOf(event.message) === method, method);
      return messages().find((message) => methodOf(message) === method)!;
    },
    messages: (kind) => messages().filter((message) => message.kind === kind),
  };
}

const reconnectDelayMs = 20;
/**
 * A client whose WebSocket ends between the 101 and the first packet does not notice, and tries again only when
 * this is over; by its default that is 20 s.
 */
const connectMaxMs = 2_000;

/** A session token for whoever; `clock` names the session and the join. */
export async function signMember(
  edge: { readonly tokens: SessionTokens },
  name: string,
  { key = 'key', clock = 0, host = false }: { key?: string; clock?: number; host?: boolean } = {},
): Promise<string> {
  const user = { id: `user-${name}`, name };
  return await edge.tokens.signSession({ room: key as AffinityKey, roomClock: clock, user, host });
}

/** The id under which the server introduced the client. */
export async function idOf(client: RawClient): Promise<string> {
  const { content } = await client.call('peer/info');
  return String('params' in content ? content.params?.[0]?.['id'] : undefined);
}

function methodOf({ content }: RawMessage): string | undefined {
  return content instanceof Uint8Array ? undefined : content.method;
}

let sharedPublicKey: string | undefined;

function testPublicKey(): string {
  sharedPublicKey ??= makePublicKey(2_048);
  return sharedPublicKey;
}

export function makePublicKey(modulusLength: number): string {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength });
  return publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
}
