/** Failures of single sign-on; a part of the table in `errors.ts`. */
import { brokenUpstream, unauthorized } from './error-entry.ts';
import type { ErrorEntry } from './error-entry.ts';

const refused = { ...unauthorized, status: 403, closeCode: 4403 } as const;

export const ssoErrors = {
  'sso-unavailable': {
    ...brokenUpstream,
    message: 'The provider of single sign-on cannot be reached, or does not answer as one.',
  },
  'sso-expired': {
    ...refused,
    status: 400,
    closeCode: 4400,
    message: 'This login was not begun in this browser, or too long ago. Begin it again.',
  },
  'sso-refused': { ...refused, message: 'The provider of single sign-on did not vouch for this login.' },
  'sso-group-missing': {
    ...refused,
    message: 'Your login is good, but none of your groups may come in here.',
  },
} as const satisfies Record<string, ErrorEntry>;
