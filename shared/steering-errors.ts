/** Failures of what administrators ask for: settings, edges, pins; a part of the table in `errors.ts`. */
import { badRequest, conflict, unauthorized } from './error-entry.ts';
import type { ErrorEntry } from './error-entry.ts';

export const steeringErrors = {
  'query-invalid': { ...badRequest, message: 'The query is not one that this address expects.' },
  'role-missing': {
    ...unauthorized,
    status: 403,
    closeCode: 4403,
    message: 'This is for administrators; this login or token may look at the pool, and no more.',
  },
  'session-live': {
    ...conflict,
    retry: 'later',
    closeCode: 1013,
    message: 'Somebody is connected to this session; end it first, or wait until it is idle.',
  },
  'steering-changed': {
    ...conflict,
    retry: 'now',
    closeCode: 1013,
    message: 'Somebody else changes weights or maintenance at this moment; try again.',
  },
  'stored-unreadable': {
    source: 'internal',
    retry: 'never',
    status: 500,
    closeCode: 1011,
    level: 'error',
    message:
      'What is stored of this is nothing that this version reads, and it leaves it alone: use the version that wrote it, or restore the database.',
  },
  'settings-invalid': {
    ...badRequest,
    message: 'The settings have faults; those that run are as they were.',
  },
  'restart-needed': {
    ...conflict,
    message: 'These settings need a restart; nothing was applied.',
  },
  'reload-running': {
    ...conflict,
    retry: 'now',
    closeCode: 1013,
    message: 'The settings are being read anew already.',
  },
} as const satisfies Record<string, ErrorEntry>;
