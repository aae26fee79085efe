/** Our own front door, as an administrator starts it for an existing server pool: every default, log on. */
import { join } from 'node:path';
import { Child } from '../child.ts';
import { ours } from '../contest.ts';
import type { Backend } from '../load-program.ts';
import type { Certificate, Rival } from './rival.ts';

const readyMaxMs = 20_000;

export const mooring = withBackends(ours, ({ port }) => `http://127.0.0.1:${port}`);
/** The same, where the backends are on the same machine and listen on Unix-domain sockets. */
export const mooringByPath = withBackends(`${ours}-unix`, ({ path }) => `unix:${path}`);

function withBackends(name: string, addressOf: (backend: Backend) => string): Rival {
  return {
    name,
    speaksTls: true,
    start: async ({ backends, folder, certificate }) => {
      const child = new Child({
        name: 'mooring',
        command: process.execPath,
        // As the supervisor and the image start it.
        args: [
          '--max-semi-space-size=4',
          '--v8-pool-size=1',
          join(import.meta.dirname, '../../bin/mooring.js'),
          'proxy',
          ...backends.flatMap((backend) => ['--backend', `${backend.name}=${addressOf(backend)}`]),
        ],
        core: 'proxy',
        folder,
        environment: {
          CT_HTTP_PORT: '0',
          CT_ADMIN_PORT: '0',
          CT_CONTROL_PORT: '0',
          CT_DATA_DIR: join(folder, 'data'),
          CT_LOG_LEVEL: 'info',
          ...(certificate === undefined ? {} : tlsSettings(certificate)),
        },
      });
      const [, port, tlsPort] = await child.waitForLine(
        /^mooring proxy ready.*?http:\/\/127\.0\.0\.1:(\d+)(?:.*?https:\/\/127\.0\.0\.1:(\d+))?/m,
        readyMaxMs,
      );
      return { port: Number(port), tlsPort: Number(tlsPort), child };
    },
  };
}

function tlsSettings({ certificate, key }: Certificate): Record<string, string> {
  return { CT_HTTPS_PORT: '0', CT_TLS_CERT: certificate, CT_TLS_KEY: key };
}
