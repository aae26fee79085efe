/**
 * nginx and HAProxy as referees, each a process of its own in front of a recording backend. They change
 * nothing of what a request says, so that their backend sees how they have read it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { haproxy } from '../../bench/rivals/haproxy.ts';
import { installMissingPrograms } from '../../bench/rivals/install.ts';
import { nginx } from '../../bench/rivals/nginx.ts';
import { eventually } from '../support/oct-inbox.ts';
import { RecordingBackend } from './recording-backend.ts';
import type { Referee } from './referee.ts';
import { Sightings } from './sightings.ts';

interface Program {
  readonly name: string;
  readonly path: string;
  readonly args: (file: string, folder: string) => readonly string[];
  readonly configure: (port: number, backendPort: number) => string;
}

const programs: readonly Program[] = [
  {
    name: 'nginx',
    path: nginx.program!.path,
    args: (file, folder) => ['-p', folder, '-e', 'stderr', '-c', file],
    configure: configureNginx,
  },
  {
    name: 'haproxy',
    path: haproxy.program!.path,
    args: (file) => ['-db', '-f', file],
    configure: configureHaproxy,
  },
];

/** `folder` takes configurations and temporary files. */
export async function startProxyReferees(names: readonly string[], folder: string): Promise<Referee[]> {
  const wanted = programs.filter(({ name }) => names.includes(name));
  installMissingPrograms([nginx, haproxy].filter(({ name }) => names.includes(name)));
  return await Promise.all(wanted.map(async (program) => await startProxyReferee(program, folder)));
}

async function startProxyReferee(program: Program, folder: string): Promise<Referee> {
  const sightings = new Sightings();
  const backend = new RecordingBackend(sightings);
  await backend.start();
  const port = await freePort();
  const file = join(folder, `${program.name}.conf`);
  writeFileSync(file, program.configure(port, backend.port));
  // Dies with the fuzzer even when that is killed outright.
  const args = ['--pdeathsig', 'KILL', program.path, ...program.args(file, folder)];
  const child = spawn('setpriv', args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`${program.name} does not start with ${file}`);
    return await isListening(port);
  }, `${program.name} listens`);
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    await backend.stop();
  };
  return { name: program.name, port, sightings, stop };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  const answer = await promise;
  socket.destroy();
  return answer;
}

function configureNginx(port: number, backendPort: number): string {
  return `daemon off;
master_process off;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path client-bodies;
  proxy_temp_path proxied;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 0;
  client_body_buffer_size 256k;
  large_client_header_buffers 8 64k;
  underscores_in_headers on;
  keepalive_requests 1000000;
  upstream recorder {
    server 127.0.0.1:${backendPort} max_fails=0;
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://recorder;
      proxy_http_version 1.1;
      proxy_set_header Host door.test;
      proxy_set_header Connection '';
    }
  }
}
`;
}

function configureHaproxy(port: number, backendPort: number): string {
  return `global
  nbthread 1
  maxconn 4000
  tune.bufsize 65536
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend front
  bind 127.0.0.1:${port} backlog 4096
  default_backend recorder
backend recorder
  server recorder 127.0.0.1:${backendPort}
`;
}
