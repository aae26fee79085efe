/** Errors of clients that come to HTTPS the wrong way: without a certificate of theirs, or to a host that is not here. */
import { badRequest, unauthorized } from './error-entry.ts';
import type { ErrorEntry } from './error-entry.ts';

export const tlsErrors = {
  'client-certificate-missing': {
    ...unauthorized,
    status: 403,
    closeCode: 4403,
    message: 'This server asks for a certificate of the client, and none was shown.',
  },
  'client-certificate-invalid': {
    ...unauthorized,
    status: 403,
    closeCode: 4403,
    message: 'The certificate of the client has expired, or no authority that is trusted here has signed it.',
  },
  'host-unknown': {
    ...badRequest,
    status: 421,
    closeCode: 4421,
    message: 'This server has no certificate for the host that the request names.',
  },
} as const satisfies Record<string, ErrorEntry>;
