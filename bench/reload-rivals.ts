/**
 * HAProxy and nginx under the crowd that our own reloads are tried with, each reloaded in its own way: a successor with the new file takes over the
 * listening sockets, the process before it stays for as long as it carries a WebSocket. For reading beside ours: no bar is on them.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../test/support/oct-inbox.ts';
import { freePort } from '../test/support/free-port.ts';
import { SteadyCrowd } from '../test/support/steady-crowd.ts';
import type { Noticed } from '../test/support/steady-crowd.ts';
import { Child } from './child.ts';
import { readMemoryKib } from './process-cost.ts';
import { haproxyBase } from './rivals/haproxy.ts';
import { waitForPort } from './rivals/rival.ts';

export interface RivalTrial {
  readonly noticed: Noticed;
  /** That serve or still carry somebody, at the end. */
  readonly processes: number;
  readonly memoryKib: number;
}

export interface ReloadLoad {
  readonly sockets: number;
  readonly arrivalsPerSecond: number;
  readonly reloads: number;
  readonly pauseMs: number;
}

interface Reloader {
  readonly path: string;
  readonly signal: NodeJS.Signals;
  readonly args: (folder: string, file: string) => readonly string[];
  /** Each version differs from the one before. */
  readonly configure: (ports: Ports, version: number) => string;
}

interface Ports {
  readonly front: number;
  readonly edges: readonly number[];
  readonly folder: string;
}

const edges = 3;
const reloaders: Readonly<Record<string, Reloader>> = {
  haproxy: {
    path: '/usr/sbin/haproxy',
    signal: 'SIGUSR2',
    args: (_folder, file) => ['-W', '-db', '-f', file],
    configure: configureHaproxy,
  },
  nginx: {
    path: '/usr/sbin/nginx',
    signal: 'SIGHUP',
    args: (folder, file) => ['-p', folder, '-e', 'stderr', '-c', file],
    configure: configureNginx,
  },
};

export async function tryRival(
  name: 'haproxy' | 'nginx',
  parent: string,
  load: ReloadLoad,
): Promise<RivalTrial> {
  const folder = join(parent, `reload-${name}`);
  mkdirSync(folder);
  const { path, signal, args, configure } = reloaders[name]!;
  const ports = { front: await freePort(), edges: await startEdges(folder), folder };
  const file = join(folder, `${name}.conf`);
  writeFileSync(file, configure(ports, 0));
  const child = new Child({ name, command: path, args: args(folder, file), core: 'proxy', folder });
  await waitForPort(ports.front);
  const url = `http://127.0.0.1:${ports.front}`;
  const crowd = new SteadyCrowd({ url, ...load });
  try {
    await crowd.enter();
    for (let version = 1; version <= load.reloads; version++) {
      await sleep(load.pauseMs);
      const before = new Set(childrenOf(child.pid));
      writeFileSync(file, configure(ports, version));
      process.kill(child.pid, signal);
      const hasSuccessor = (): boolean => childrenOf(child.pid).some((pid) => !before.has(pid));
      await eventually(hasSuccessor, `${name} has taken up version ${version}`);
    }
    await crowd.stopArrivals();
    await crowd.allAnswer();
    const processes = childrenOf(child.pid).length;
    return { noticed: crowd.noticed, processes, memoryKib: readMemoryKib(child.pid).pss };
  } finally {
    crowd.leave();
    await child.stop();
  }
}

async function startEdges(folder: string): Promise<number[]> {
  const program = join(import.meta.dirname, 'rivals/socket-server.ts');
  const ports: number[] = [];
  for (let i = 0; i < edges; i++) {
    const port = await freePort();
    const args = [program, String(port)];
    const child = new Child({ name: `edge-${i}`, command: process.execPath, args, core: 'proxy', folder });
    await waitForPort(port).catch((cause: unknown) => {
      throw child.causeOfEnd() ?? cause;
    });
    ports.push(port);
  }
  return ports;
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}

function configureHaproxy({ front, edges: to, folder }: Ports, version: number): string {
  return `${haproxyBase}global
  stats socket ${join(folder, 'haproxy.sock')} mode 600 level admin expose-fd listeners
frontend front
  bind 127.0.0.1:${front} backlog 4096
  timeout client ${60_000 + version}ms
  default_backend edges
backend edges
  balance hash req.hdr(ctstickiness)
  hash-type consistent
${to.map((port, i) => `  server edge-${i} 127.0.0.1:${port}\n`).join('')}`;
}

function configureNginx({ front, edges: to }: Ports, version: number): string {
  return `daemon off;
user root;
pid nginx.pid;
error_log stderr;
worker_processes 1;
worker_rlimit_nofile 20000;
events { worker_connections 19900; }
http {
  access_log off;
  client_body_temp_path client-bodies;
  proxy_temp_path proxied;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_timeout ${60_000 + version}ms;
  map $http_upgrade $connection_header { default upgrade; '' ''; }
  upstream edges {
    hash $http_ctstickiness consistent;
${to.map((port) => `    server 127.0.0.1:${port};\n`).join('')}    keepalive 256;
  }
  server {
    listen 127.0.0.1:${front} backlog=4096;
    location / {
      proxy_pass http://edges;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_header;
      proxy_read_timeout 1h;
    }
  }
}
`;
}
