/**
 * Who may say what in a session. Members' messages are sealed, so the server cannot tell one that ends the session, or shuts
 * a member out, from any other; but it says whose each is. What the server or the host alone may say counts from no other.
 */
import { Messages } from 'open-collaboration-protocol';
import type { ProtocolBroadcastConnection } from 'open-collaboration-protocol';

type Handler = (origin: string, ...parameters: unknown[]) => unknown;
type Register = (method: string | { readonly method: string } | Handler, handler?: Handler) => void;

interface Saying {
  readonly origin: string;
  readonly about: unknown;
  /** Undefined at a host that was not introduced yet. */
  readonly hostId: string | undefined;
}

/** As the server itself says it. */
const server = '';
const fromServer = ({ origin }: Saying): boolean => origin === server;
const fromHost = ({ origin, hostId }: Saying): boolean => origin === server || origin === hostId;
const fromItself = ({ origin, about }: Saying): boolean => origin === idOf(about);

const rules = new Map([
  [Messages.Peer.Join.method, fromServer],
  [Messages.Peer.Info.method, fromServer],
  [Messages.Peer.Init.method, fromHost],
  [Messages.Room.Joined.method, fromItself],
  [Messages.Room.Left.method, fromItself],
  [Messages.Room.Closed.method, fromHost],
  [Messages.Room.PermissionsUpdated.method, fromHost],
  [Messages.FileSystem.Change.method, fromHost],
]);

/** The same connection, deaf to what is said by those who may not say it; `hostId` is undefined where we are the host. */
export function trustOrigins(
  connection: ProtocolBroadcastConnection,
  hostId?: string,
): ProtocolBroadcastConnection {
  let host = hostId;
  const guarded = (method: string, handler: Handler): Handler => {
    const mayBeSaid = rules.get(method);
    if (mayBeSaid === undefined) return handler;
    return (origin, ...parameters) => {
      if (!mayBeSaid({ origin, about: parameters[0], hostId: host })) return undefined;
      if (method === Messages.Peer.Info.method) host ??= idOf(parameters[0]);
      return handler(origin, ...parameters);
    };
  };
  for (const name of ['onBroadcast', 'onNotification', 'onRequest'] as const) {
    const register = (connection[name] as Register).bind(connection);
    const registerGuarded: Register = (type, handler) => {
      if (typeof type === 'function' || handler === undefined) return register(type, handler);
      register(type, guarded(typeof type === 'string' ? type : type.method, handler));
    };
    Object.assign(connection, { [name]: registerGuarded });
  }
  // The library has registered these already, for the keys of members that it keeps.
  const { room, peer } = connection;
  room.onJoin(() => undefined);
  room.onLeave(() => undefined);
  room.onClose(() => undefined);
  peer.onInit(() => undefined);
  return connection;
}

function idOf(member: unknown): string | undefined {
  const { id } = (member ?? {}) as { id?: unknown };
  return typeof id === 'string' ? id : undefined;
}
