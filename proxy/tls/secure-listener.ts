/**
 * The listener for TLS: handshakes with a deadline, then the connection goes to whoever serves the protocol that both sides
 * agreed on.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createServer as createPlainServer } from 'node:net';
import { createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { Settings } from '#shared/settings/schema.ts';
import { clientSocketOptions, listening } from '../wire/transport.ts';
import type { Listening } from '../wire/transport.ts';

/**
 * Who takes a connection over when its handshake is done, by the ALPN name of the protocol (RFC 7301), in the order in which
 * we prefer them. Clients that negotiate nothing speak HTTP/1.1.
 */
export type ProtocolTable = ReadonlyMap<string, (socket: TLSSocket) => void>;

export const http11 = 'http/1.1';

interface SecureListenerOptions {
  readonly settings: Settings;
  /** Has `http/1.1` at least. */
  readonly protocols: ProtocolTable;
  /** Takes each connection before its handshake, which may begin when it calls `goOn`; the socket has to end with the server. */
  readonly greet: (socket: Socket, goOn: () => void) => void;
  /** A descriptor that listens already. */
  readonly descriptor: number | undefined;
}

/** Throws where a file of the certificate cannot be read. */
export async function listenSecurely(options: SecureListenerOptions): Promise<Listening> {
  const { settings, protocols, greet, descriptor } = options;
  const server = createServer({
    ...clientSocketOptions,
    cert: readFileSync(settings.CT_TLS_CERT),
    key: readFileSync(settings.CT_TLS_KEY),
    minVersion: 'TLSv1.2',
    ALPNProtocols: [...protocols.keys()],
    handshakeTimeout: settings.CT_HEAD_TIMEOUT_MS,
  });
  server.on('secureConnection', (socket: TLSSocket) => handOver(socket, protocols));
  const { CT_HOST: host, CT_HTTPS_PORT: port } = settings;
  const below = createPlainServer(clientSocketOptions, (socket) =>
    greet(socket, () => void server.emit('connection', socket)),
  );
  return await listening(below, descriptor === undefined ? { host, port } : { fd: descriptor });
}

/** OpenSSL has refused whoever offered only what is not in the table. */
function handOver(socket: TLSSocket, protocols: ProtocolTable): void {
  const agreed = typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : http11;
  const take = protocols.get(agreed) ?? protocols.get(http11);
  take!(socket);
}
