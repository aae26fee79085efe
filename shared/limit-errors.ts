/** What refuses clients because there are too many of them, or of what they do: a part of the table in `errors.ts`. */
import { badRequest, unauthorized, unavailable } from './error-entry.ts';
import type { ErrorEntry } from './error-entry.ts';

/** One line in the log tells of many (`clients.refused`), so each is no more than info. */
const tooMany = {
  source: 'downstream',
  retry: 'later',
  status: 429,
  closeCode: 1013,
  level: 'info',
} as const;

export const limitErrors = {
  'proxy-header-invalid': {
    ...badRequest,
    message: 'The connection does not begin with a header of the PROXY protocol, as it must.',
  },
  'front-door-full': {
    ...unavailable,
    level: 'info',
    message: 'This server has as many connections as it takes.',
  },
  'too-many-connections': { ...tooMany, message: 'Your address has as many connections as it may have.' },
  'connecting-too-fast': { ...tooMany, message: 'Your address opens connections faster than it may.' },
  'flooded-before': {
    ...tooMany,
    message: 'Connections of your address were ended for floods: it opens no new ones for a short time.',
  },
  'too-many-new-keys': { ...tooMany, message: 'Your address begins sessions faster than it may.' },
  'key-busy': { ...tooMany, message: 'The session has as many requests under way as it may have.' },
  'key-sockets-full': { ...tooMany, message: 'The session has as many connections as it may have.' },
  'edge-requests-full': {
    ...unavailable,
    level: 'info',
    message: 'The edge of this session has as many requests under way as it may have.',
  },
  'edge-sockets-full': {
    ...unavailable,
    level: 'info',
    message: 'The edge of this session has as many connections as it may have.',
  },
  'edge-cut-off': {
    ...unavailable,
    level: 'info',
    message: 'The edge of this session has failed again and again, and is not asked for a moment.',
  },
  'licence-full': {
    ...unavailable,
    level: 'info',
    message:
      'The licence of this server allows no more session connections at one time; try again when somebody has left.',
  },
  'licence-expired': {
    ...unauthorized,
    status: 403,
    closeCode: 4403,
    message: 'The licence of this server has expired: sessions that run go on, and nobody new gets in.',
  },
  'licence-unknown': {
    ...unavailable,
    message: 'It is not known right now whether the licence of this server allows one more; try again.',
  },
} as const satisfies Record<string, ErrorEntry>;
