/** Failures at the gate of the dashboard; a part of the table in `errors.ts`. */
import { unauthorized } from './error-entry.ts';
import type { ErrorEntry } from './error-entry.ts';

export const dashboardErrors = {
  'login-needed': { ...unauthorized, message: 'A login is needed here.' },
  'login-limited': {
    ...unauthorized,
    retry: 'later',
    status: 429,
    closeCode: 1013,
    message: 'Too many passwords were tried; wait before the next one.',
  },
  'csrf-refused': {
    ...unauthorized,
    status: 403,
    closeCode: 4403,
    message: 'The request does not come from a page of this server, or its page is too old.',
  },
} as const satisfies Record<string, ErrorEntry>;
