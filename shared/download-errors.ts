/** Failures of downloads; a part of the table in `errors.ts`. */
import { badRequest, storeDown, unavailable } from './error-entry.ts';
import type { ErrorEntry } from './error-entry.ts';

export const downloadErrors = {
  'file-changed': {
    ...unavailable,
    retry: 'now',
    message: 'The file changed while it was sent; ask for it again.',
  },
  'precondition-failed': {
    ...badRequest,
    status: 412,
    closeCode: 4412,
    message: 'The file is not the one that was asked for.',
  },
  'range-unsatisfiable': {
    ...badRequest,
    status: 416,
    closeCode: 4416,
    message: 'The file has no such range of bytes.',
  },
  'downloads-busy': { ...unavailable, message: 'More files are being downloaded than may be at once.' },
  'downloads-unavailable': { ...storeDown, message: 'The folder of files cannot be read.' },
} as const satisfies Record<string, ErrorEntry>;
