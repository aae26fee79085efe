/** Our own front door, as an administrator starts it for an existing server pool: every default, log on. */
import { join } from 'node:path';
import { Child } from '../child.ts';
import type { Rival } from './rival.ts';

const readyMaxMs = 20_000;

export const mooring: Rival = {
  name: 'mooring',
  start: async ({ backends, folder }) => {
    const child = new Child({
      name: 'mooring',
      command: process.execPath,
      args: [
        join(import.meta.dirname, '../../bin/mooring.js'),
        'proxy',
        ...backends.flatMap(({ name, port }) => ['--backend', `${name}=http://127.0.0.1:${port}`]),
      ],
      core: 'proxy',
      folder,
      environment: {
        CT_HTTP_PORT: '0',
        CT_ADMIN_PORT: '0',
        CT_CONTROL_PORT: '0',
        CT_DATA_DIR: join(folder, 'data'),
        CT_LOG_LEVEL: 'info',
      },
    });
    const [, port] = await child.waitForLine(
      /^mooring proxy ready.*?http:\/\/127\.0\.0\.1:(\d+)/m,
      readyMaxMs,
    );
    return { port: Number(port), child };
  },
};
