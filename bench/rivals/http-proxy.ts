/** The npm package http-proxy 1.18.1, as `http-proxy-server.ts` uses it. */
import { join } from 'node:path';
import { Child } from '../child.ts';
import type { Rival } from './rival.ts';

const readyMaxMs = 10_000;

export const httpProxy: Rival = {
  name: 'http-proxy',
  speaksTls: false,
  start: async ({ backends, folder }) => {
    const child = new Child({
      name: 'http-proxy',
      command: process.execPath,
      args: [join(import.meta.dirname, 'http-proxy-server.ts'), ...backends.map(({ port }) => String(port))],
      core: 'proxy',
      folder,
    });
    const [, port] = await child.waitForLine(/^listening on (\d+)$/m, readyMaxMs);
    return { port: Number(port), child };
  },
};
