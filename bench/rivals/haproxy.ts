/** HAProxy with one thread: consistent hash of the key from header or cookie, idle upstreams shared. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { Child } from '../child.ts';
import type { Backend } from '../load-program.ts';
import { descriptorsMax } from './rival.ts';
import type { Ground, Rival } from './rival.ts';

const program = { path: '/usr/sbin/haproxy', debianPackage: 'haproxy' };

/** One thread, tunnels that may be silent, and connections to backends that all clients share. */
export const haproxyBase = `global
  nbthread 1
  # Two descriptors a connection, and some for HAProxy itself.
  maxconn ${descriptorsMax / 2 - 200}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  option forwardfor
  http-reuse always
`;

export const haproxy = withBackends('haproxy', ({ port }) => `127.0.0.1:${port}`);
/** For comparison with ours over Unix-domain sockets. */
export const haproxyByPath = withBackends('haproxy-unix', ({ path }) => `unix@${path}`);

function withBackends(name: string, addressOf: (backend: Backend) => string): Rival {
  return {
    name,
    program,
    speaksTls: true,
    start: async (ground) => {
      const { folder } = ground;
      const port = await freePort();
      const tlsPort = await freePort();
      const file = join(folder, 'haproxy.cfg');
      writeFileSync(file, configure(ground, { port, tlsPort }, addressOf));
      const child = new Child({
        name: 'haproxy',
        command: program.path,
        args: ['-db', '-f', file],
        core: 'proxy',
        folder,
      });
      return { port, tlsPort, child };
    },
  };
}

function configure(
  { backends, certificate }: Ground,
  { port, tlsPort }: { readonly port: number; readonly tlsPort: number },
  addressOf: (backend: Backend) => string,
): string {
  return `${haproxyBase}frontend front
  bind 127.0.0.1:${port} backlog 4096
${certificate === undefined ? '' : `  bind 127.0.0.1:${tlsPort} backlog 4096 ssl crt ${certificate.both} alpn h2,http/1.1`}
  http-request set-var(txn.key) req.hdr(ctstickiness)
  http-request set-var(txn.key) req.cook(ctstickiness) unless { var(txn.key) -m found }
  default_backend edges
backend edges
  balance hash var(txn.key)
  hash-type consistent
${backends.map((backend) => `  server ${backend.name} ${addressOf(backend)}\n`).join('')}`;
}
