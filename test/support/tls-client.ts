/** Clients of TLS for tests: what a server shows them, by Node's own client and by openssl's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';

export interface TlsAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  readonly fingerprint: string;
  readonly names: string;
  readonly resumed: boolean;
  readonly version: string | null;
  /** The last ticket, for another connection. */
  readonly session: Buffer | undefined;
}

const lastsMs = 10_000;

/** One request over TLS on a connection of its own; whatever certificate is shown is taken. */
export async function askTls(
  port: number,
  options: ConnectionOptions & { target?: string; headers?: string; localAddress?: string } = {},
): Promise<TlsAnswer> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  let session: Buffer | undefined;
  socket.on('session', (ticket: Buffer) => (session = ticket));
  socket.setTimeout(lastsMs, () => socket.destroy(new Error(`no answer within ${lastsMs} ms`)));
  await once(socket, 'secureConnect');
  const { target = '/page', headers = 'ctstickiness: the-key\r\n' } = options;
  const host = options.servername ?? 'localhost';
  socket.write(`GET ${target} HTTP/1.1\r\nhost: ${host}\r\n${headers}connection: close\r\n\r\n`);
  const facts = factsOf(socket);
  let text = '';
  for await (const chunk of socket.setEncoding('latin1') as AsyncIterable<string>) text += chunk;
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, end);
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);
  return { status, head, body: text.slice(end + 4), session, ...facts };
}

function factsOf(socket: TLSSocket): Pick<TlsAnswer, 'fingerprint' | 'names' | 'resumed' | 'version'> {
  const certificate = socket.getPeerX509Certificate();
  return {
    fingerprint: certificate?.fingerprint256 ?? '',
    names: certificate?.subjectAltName ?? '',
    resumed: socket.isSessionReused(),
    version: socket.getProtocol(),
  };
}

/** A session of HTTP/2 that takes whatever certificate is shown. */
export async function openHttp2(port: number, options: ConnectionOptions = {}): Promise<ClientHttp2Session> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, ...options });
  await once(session, 'connect');
  return session;
}

/** One request on it. */
export async function askHttp2(
  session: ClientHttp2Session,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ headers: IncomingHttpHeaders & { ':status'?: number }; body: string }> {
  const stream = session.request({
    ':path': '/page',
    ':authority': 'localhost',
    ctstickiness: 'the-key',
    ...headers,
  });
  stream.setTimeout(lastsMs, () => stream.destroy(new Error(`no answer within ${lastsMs} ms`)));
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status'?: number }];
  let body = '';
  for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>) body += chunk;
  return { headers: answer, body };
}

/** What `openssl s_client` prints on a handshake, and its exit code. */
export async function runOpenssl(
  port: number,
  ...args: readonly string[]
): Promise<{ code: number; text: string }> {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: lastsMs,
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  child.stdin.on('error', () => undefined).end();
  const [code] = (await once(child, 'close')) as [number];
  return { code, text };
}
