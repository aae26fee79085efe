/** Settings of the log: where it is kept, for how long, and how exchanges are written. */
import { all, front } from './setting.ts';
import type { Setting } from './setting.ts';

const count = { type: 'integer', roles: all, scope: 'process' } as const;

export const logSettings = {
  CT_LOG_LEVEL: {
    type: 'choice',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    roles: all,
    scope: 'process',
    live: true,
    help: 'Least level that is logged.',
  },
  CT_LOG_DIR: {
    type: 'text',
    default: '',
    roles: all,
    scope: 'process',
    help: 'Folder for log files: server.log, access.log, sessions.log, usage.log, session-metrics.csv, download-metrics.csv, edge-ID.log, direct.log; unless set, all goes to standard output. SIGUSR1 opens them anew.',
  },
  CT_LOG_FORMAT: {
    type: 'choice',
    default: 'json',
    choices: ['json', 'combined'],
    roles: front,
    scope: 'process',
    help: 'How settled exchanges are written: as JSON, or as lines that tools for web servers read.',
  },
  CT_LOG_HELD_MAX_BYTES: {
    ...count,
    unit: 'bytes',
    default: 16_777_216,
    min: 65_536,
    max: 1_073_741_824,
    help: 'Lines that are held back while a disk is full or a reader stuck; those beyond it are dropped and counted.',
  },
  CT_LOG_FILE_MAX_BYTES: {
    ...count,
    unit: 'bytes',
    default: 104_857_600,
    min: 0,
    max: 1_099_511_627_776,
    help: 'A log file of CT_LOG_DIR that would grow beyond this gets another name, and a new one begins. 0: never for its size.',
  },
  CT_LOG_FILE_MAX_HOURS: {
    ...count,
    unit: 'hours',
    default: 24,
    min: 0,
    max: 8_760,
    help: 'A log file of CT_LOG_DIR that is older than this gets another name, and a new one begins. 0: never for its age.',
  },
  CT_LOG_FILES_KEPT: {
    ...count,
    unit: 'files',
    default: 14,
    min: 0,
    max: 10_000,
    help: 'Log files that are kept of each kind after a new one began; older ones are removed. 0: all.',
  },
} as const satisfies Record<string, Setting>;
