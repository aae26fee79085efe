/**
 * The listener for TLS: handshakes with a deadline, then the connection goes to whoever serves the protocol that both sides
 * agreed on.
 */
import type { Socket } from 'node:net';
import { createServer as createPlainServer } from 'node:net';
import { createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { clientSocketOptions, listening } from '../wire/transport.ts';
import type { Listening } from '../wire/transport.ts';
import type { Certificates } from './certificates.ts';
import { identify } from './client-identity.ts';
import type { ClientCertificates } from './client-identity.ts';
import type { HandshakeFailures } from './handshake-failures.ts';

/**
 * Who takes a connection over when its handshake is done, by the ALPN name of the protocol (RFC 7301), in the order in which
 * we prefer them. Clients that negotiate nothing speak HTTP/1.1.
 */
export type ProtocolTable = ReadonlyMap<string, (socket: TLSSocket) => void>;

export const http11 = 'http/1.1';

/** Connections that wait to be accepted: as many as the supervisor's sockets have, for a crowd that comes back at once. */
const backlog = 4_096;

interface SecureListenerOptions {
  readonly settings: Settings;
  readonly certificates: Certificates;
  readonly failures: HandshakeFailures;
  readonly metrics: Metrics;
  /** Has `http/1.1` at least. */
  readonly protocols: ProtocolTable;
  /** Takes each connection before its handshake, which may begin when it calls `goOn`; the socket has to end with the server. */
  readonly greet: (socket: Socket, goOn: () => void) => void;
  /** A descriptor that listens already. */
  readonly descriptor: number | undefined;
}

export async function listenSecurely(options: SecureListenerOptions): Promise<Listening> {
  const { settings, certificates, failures, metrics, protocols, greet, descriptor } = options;
  const wanted = settings.CT_TLS_CLIENT_CERTS as ClientCertificates;
  const server = createServer({
    noDelay: clientSocketOptions.noDelay,
    ...certificates.serverOptions(),
    SNICallback: (name, tell) => tell(null, certificates.contextFor(name)),
    ALPNProtocols: [...protocols.keys()],
    handshakeTimeout: settings.CT_HANDSHAKE_TIMEOUT_MS,
    requestCert: wanted !== 'off',
    rejectUnauthorized: false,
  });
  certificates.onChange = () => server.setSecureContext(certificates.serverOptions());
  server.on('tlsClientError', (error, socket) => {
    failures.note(error);
    // After its deadline Node leaves the connection open (tls-entrance.test.ts).
    socket.destroy();
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    const version = socket.getProtocol() ?? 'unknown';
    metrics.count('ct_proxy_handshakes_total', { version, resumed: String(socket.isSessionReused()) });
    socket.allowHalfOpen = clientSocketOptions.allowHalfOpen;
    identify(socket, wanted, Date.now());
    handOver(socket, protocols);
  });
  const { CT_HOST: host, CT_HTTPS_PORT: port } = settings;
  const below = createPlainServer(clientSocketOptions, (socket) =>
    greet(socket, () => {
      // Until the handshake is done: whoever leaves in the middle of it is gone at once, not at its deadline.
      socket.allowHalfOpen = false;
      server.emit('connection', socket);
    }),
  );
  return await listening(below, descriptor === undefined ? { host, port, backlog } : { fd: descriptor });
}

/** OpenSSL has refused whoever offered only what is not in the table. */
function handOver(socket: TLSSocket, protocols: ProtocolTable): void {
  const agreed = typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : http11;
  const take = protocols.get(agreed) ?? protocols.get(http11);
  take!(socket);
}
