/** Clients that begin a download and take no more of it, over each protocol; and what that costs a process. */
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Resolves when the first bytes are there; then takes nothing until it is called, which ends the connection. */
export type BeginDownload = (port: number, path: string) => Promise<() => void>;

export const plainDownload: BeginDownload = async (port, path) =>
  await beginHttp1(connect({ host: '127.0.0.1', port }), path);

export const secureDownload: BeginDownload = async (port, path) => {
  const options = { host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] };
  return await beginHttp1(connectTls(options), path);
};

export const http2Download: BeginDownload = async (port, path) => {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  session.on('error', () => undefined);
  const stream = session.request({ ':path': path });
  stream.on('error', () => undefined);
  stream.on('data', () => stream.pause());
  await once(stream, 'pause');
  return () => session.destroy();
};

async function beginHttp1(socket: Socket, path: string): Promise<() => void> {
  socket.on('error', () => undefined);
  socket.on('data', () => socket.pause());
  socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
  await once(socket, 'pause');
  return () => socket.destroy();
}

/** How many descriptors of a process lead to a file whose path ends so. */
export function openFiles(pid: number, end: string): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((name) => {
    try {
      return readlinkSync(`${folder}/${name}`).endsWith(end);
    } catch {
      // Closed between the two.
      return false;
    }
  }).length;
}

export function residentBytes(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return Number(kib) * 1_024;
}
