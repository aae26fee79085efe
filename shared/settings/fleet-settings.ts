/** Settings that every role reads: data folder, secrets, admin port, log. */
import { all, front, port, milliseconds, secret } from './setting.ts';
import type { Setting } from './setting.ts';

export const fleetSettings = {
  CT_ADMIN_HOST: {
    type: 'text',
    default: '127.0.0.1',
    roles: all,
    scope: 'process',
    help: 'Address of the admin port (/livez, /readyz, /metrics, admin API).',
  },
  CT_ADMIN_PORT: { ...port, default: 1090, roles: all, help: 'Admin port; 0 picks a free one.' },
  CT_DATA_DIR: {
    type: 'text',
    default: './data',
    roles: all,
    scope: 'process',
    help: 'Folder for the SQLite files and generated secrets; never on a network share.',
  },
  CT_JOIN_TOKEN: {
    ...secret,
    roles: all,
    requiredIn: ['edge'],
    help: 'Shared secret of the fleet: edges join with it, and placement and hashed keys in logs derive from it; generated in direct mode.',
  },
  CT_SESSION_SECRET: {
    ...secret,
    roles: all,
    requiredIn: ['edge'],
    help: 'Secret that signs login and session tokens; generated in direct mode.',
  },
  CT_ADMIN_TOKEN: {
    ...secret,
    roles: all,
    scope: 'process',
    help: 'Bearer token of the admin API; generated into the data folder unless set.',
  },
  CT_ADMIN_READER_TOKEN: {
    ...secret,
    roles: front,
    scope: 'process',
    help: 'Bearer token of those who may look at everything by the admin API and change nothing; generated into the data folder unless set.',
  },
  CT_ADMIN_SOCKET: {
    type: 'text',
    default: 'auto',
    roles: front,
    scope: 'process',
    help: 'Unix-domain socket of the admin API, for the front door’s own user and without a token: a path, auto for admin.sock in the data folder, or off.',
  },
  CT_TOKEN_LIFETIME_HOURS: {
    type: 'integer',
    unit: 'hours',
    default: 168,
    min: 1,
    max: 8_760,
    roles: all,
    scope: 'cluster',
    help: 'Life of login and session tokens.',
  },
  CT_STOP_GRACE_MS: {
    ...milliseconds,
    default: 10_000,
    min: 100,
    max: 600_000,
    roles: all,
    help: 'Time for exchanges to end when a process is told to stop.',
  },
  CT_HANDOFF: {
    type: 'choice',
    default: 'auto',
    choices: ['auto', 'off'],
    roles: all,
    scope: 'process',
    help: 'Whether edges take over the connections of upgrades from front doors of the same machine: where both can, or never.',
  },
  CT_SETTINGS_FILE: {
    type: 'text',
    default: '',
    roles: all,
    scope: 'process',
    help: 'File with lines NAME=value (export NAME=value is fine) for settings not given otherwise.',
  },
} as const satisfies Record<string, Setting>;
