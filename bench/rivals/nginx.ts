/** nginx with one worker: consistent hash of the key from header or cookie, keep-alive upstreams. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { Child } from '../child.ts';
import { descriptorsMax } from './rival.ts';
import type { Certificate, Ground, Rival } from './rival.ts';

const program = { path: '/usr/sbin/nginx', debianPackage: 'nginx-light' };

export const nginx: Rival = {
  name: 'nginx',
  program,
  speaksTls: true,
  start: async (ground) => {
    const { folder } = ground;
    const port = await freePort();
    const tlsPort = await freePort();
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, configure(ground, port, tlsPort));
    const child = new Child({
      name: 'nginx',
      command: program.path,
      args: ['-p', folder, '-e', 'stderr', '-c', file],
      core: 'proxy',
      folder,
    });
    return { port, tlsPort, child };
  },
};

function configure({ backends, certificate }: Ground, port: number, tlsPort: number): string {
  return `daemon off;
# The set's folder is private to the user of the bench; nginx ignores this line where that is not root.
user root;
pid nginx.pid;
error_log stderr;
worker_processes 1;
worker_rlimit_nofile ${descriptorsMax};
events { worker_connections ${descriptorsMax - 100}; }
http {
  access_log off;
  client_body_temp_path client-bodies;
  proxy_temp_path proxied;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  tcp_nodelay on;
  keepalive_timeout 60s;
  keepalive_requests 1000000000;
  map $http_ctstickiness $affinity_key { default $http_ctstickiness; '' $cookie_ctstickiness; }
  map $http_upgrade $connection_header { default upgrade; '' ''; }
  upstream edges {
    hash $affinity_key consistent;
${backends.map(({ port }) => `    server 127.0.0.1:${port};\n`).join('')}    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
${certificate === undefined ? '' : listenForTls(certificate, tlsPort)}    location / {
      proxy_pass http://edges;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_header;
      proxy_read_timeout 1h;
      # A 64 KiB answer stays in memory.
      proxy_buffers 16 16k;
      proxy_max_temp_file_size 0;
    }
  }
}
`;
}

function listenForTls({ certificate, key }: Certificate, port: number): string {
  return `    listen 127.0.0.1:${port} ssl http2 backlog=4096;
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3;
`;
}
