/** Caddy on one core: the key from header or cookie by its `header` policy, HTTP/2 as it is by default. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { Child } from '../child.ts';
import type { Ground, Rival } from './rival.ts';

const program = { path: '/usr/bin/caddy', debianPackage: 'caddy' };

export const caddy: Rival = {
  name: 'caddy',
  program,
  speaksTls: true,
  start: async (ground) => {
    const { folder } = ground;
    const port = await freePort();
    const tlsPort = await freePort();
    const file = join(folder, 'Caddyfile');
    writeFileSync(file, configure(ground, port, tlsPort));
    const child = new Child({
      name: 'caddy',
      command: program.path,
      args: ['run', '--config', file, '--adapter', 'caddyfile'],
      core: 'proxy',
      folder,
      environment: { GOMAXPROCS: '1', HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    });
    return { port, tlsPort, child };
  },
};

function configure({ backends, certificate }: Ground, port: number, tlsPort: number): string {
  const targets = backends.map((backend) => `127.0.0.1:${backend.port}`).join(' ');
  const site = `  bind 127.0.0.1
  @cookieAlone not header ctstickiness *
  request_header @cookieAlone ctstickiness {http.request.cookie.ctstickiness}
  reverse_proxy ${targets} {
    lb_policy header ctstickiness
  }
`;
  const tls = certificate === undefined ? '' : `  tls ${certificate.certificate} ${certificate.key}\n`;
  return `{
  admin off
  auto_https off
}
http://:${port} {
${site}}
${certificate === undefined ? '' : `https://:${tlsPort} {\n${tls}${site}}\n`}`;
}
