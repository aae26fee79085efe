/** Settings of where versions come from: a repository of images in a Docker Registry v2. */
import { front, secret } from './setting.ts';
import type { Setting } from './setting.ts';

const text = { type: 'text', default: '', roles: front, scope: 'process' } as const;

export const registrySettings = {
  CT_REGISTRY_IMAGE: {
    ...text,
    help: 'Repository of images whose tags mooring versions lists, as registry.example.org/mooring/edge.',
  },
  CT_REGISTRY_USER: { ...text, help: 'User of the registry; without it, who docker login has made known.' },
  CT_REGISTRY_PASSWORD: {
    ...secret,
    minLength: 0,
    roles: front,
    scope: 'process',
    help: 'Password of that user.',
  },
} as const satisfies Record<string, Setting>;
