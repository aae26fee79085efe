/** Failures of finding an edge and of going there past the front door; a part of the table in `errors.ts`. */
import { badRequest, conflict, unauthorized } from './error-entry.ts';
import type { ErrorEntry } from './error-entry.ts';

export const locationErrors = {
  'ticket-missing': { ...unauthorized, message: 'A ticket of a front door is needed here.' },
  'ticket-invalid': { ...unauthorized, message: 'The ticket is not one of this fleet.' },
  'ticket-expired': {
    ...unauthorized,
    message: 'The ticket has expired; ask a front door for another.',
  },
  'edge-not-public': {
    ...conflict,
    message: 'The edge of this session is reached through the front door only.',
  },
  'regions-invalid': { ...badRequest, message: 'The table of regions has faults.' },
  'setting-changed': {
    ...conflict,
    retry: 'now',
    closeCode: 1013,
    message: 'Somebody else has changed this setting meanwhile; read it again.',
  },
  'regions-changed': {
    ...conflict,
    retry: 'now',
    closeCode: 1013,
    message: 'Somebody else has changed the regions meanwhile; read them again.',
  },
} as const satisfies Record<string, ErrorEntry>;
