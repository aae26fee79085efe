/** The load straight to one backend: what is left when the proxy costs nothing. */
import type { Rival } from './rival.ts';

export const noProxy: Rival = {
  name: 'no-proxy',
  speaksTls: false,
  start: async ({ backends }) => ({ port: backends[0]!.port, child: undefined }),
};
