/** Settings of the licence, under the names that administrators of the original product know. */
import { front } from './setting.ts';
import type { Setting } from './setting.ts';

const text = { type: 'text', default: '', roles: front, scope: 'process', live: true } as const;

export const licenceSettings = {
  CT_LICENSEE: { ...text, help: 'Who the licence is for, exactly as it was signed; no licence, no limit.' },
  CT_MAXCONNECTIONS: {
    ...text,
    help: 'Session connections (hosts and guests, of all sessions) that the licence lets the whole pool have at one time.',
  },
  CT_EXPIRATION: {
    ...text,
    help: 'Last day of the licence, YYYY/MM/DD; it ends at midnight UTC.',
  },
  CT_SIGNATURE: { ...text, help: 'Signature of the licence, as mooring licence issue printed it.' },
  CT_LICENSE_FILE: {
    ...text,
    help: 'File with the four settings of the licence as lines, for where they are not set by themselves; read anew with each reload.',
  },
  CT_LICENSE_PUBLIC_KEY: {
    ...text,
    help: 'Public key by which the licence is checked: PEM, base64, or a file with it.',
  },
} as const satisfies Record<string, Setting>;
