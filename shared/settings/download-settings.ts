/** Settings of the downloads of clients. */
import { front } from './setting.ts';
import type { Setting } from './setting.ts';

export const downloadSettings = {
  CT_CLIENTS_DIR: {
    type: 'text',
    default: '',
    roles: front,
    scope: 'process',
    live: true,
    help: 'Folder whose files are served below /clients/, such as vscode/NAME-1.2.3.vsix; unless set, the page there says only how clients are set up.',
  },
  CT_NOCLIENTS: {
    type: 'choice',
    default: 'false',
    choices: ['false', 'true'],
    roles: front,
    scope: 'process',
    live: true,
    help: 'Whether there is nothing at /clients.',
  },
} as const satisfies Record<string, Setting>;
