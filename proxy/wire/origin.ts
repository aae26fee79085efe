/** Where an edge listens, read once from its address, and how a connection to it is opened. */
import { connect as connectPlain } from 'node:net';
import type { OnReadOpts, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Origin {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** As it stands in `Host`. */
  readonly authority: string;
}

/** Reads `http://host:port` or `https://host:port`; throws on anything else. */
export function parseOrigin(address: string): Origin {
  const url = new URL(address);
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:') throw new Error(`no address of an edge: ${url.protocol}`);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    secure,
    authority: url.host,
  };
}

export interface SocketEars {
  /** Bytes may be sent, with TLS after the handshake. */
  readonly onReady: () => void;
  /** Takes reads in place of `data` events; false where the socket will be given away. */
  readonly onRead: ((bytes: Buffer) => void) | false;
  /** The buffer that the next read goes to; asked for before each read. */
  readonly nextBuffer: () => Buffer;
}

/** Opens a connection. */
export function openSocket(origin: Origin, { onReady, onRead, nextBuffer }: SocketEars): Socket {
  const { host, port, secure } = origin;
  const onread: OnReadOpts | undefined =
    onRead === false
      ? undefined
      : {
          buffer: nextBuffer,
          callback: (length, buffer) => {
            onRead((buffer as Buffer).subarray(0, length));
            return true;
          },
        };
  // Half-open: an upgraded connection may end one way and go on the other.
  const target = { host, port, noDelay: true, allowHalfOpen: true, ...(onread && { onread }) };
  return secure
    ? connectTls({ ...target, ALPNProtocols: ['http/1.1'] }, onReady)
    : connectPlain(target, onReady);
}
