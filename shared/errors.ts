/**
 * Every failure that a person or a client can meet, in one table. Code elsewhere throws `AppError(code)`;
 * what the outside sees (status, close code, text) is fixed here and carries no detail, which goes to the
 * log under the exchange id. `docs/errors.md` is generated from this table.
 */
import {
  badRequest,
  brokenUpstream,
  conflict,
  gap,
  storeDown,
  unauthorized,
  unavailable,
} from './error-entry.ts';
import type { ErrorEntry } from './error-entry.ts';
import { dashboardErrors } from './dashboard-errors.ts';
import { downloadErrors } from './download-errors.ts';
import { limitErrors } from './limit-errors.ts';
import { locationErrors } from './location-errors.ts';
import { requestErrors } from './request-errors.ts';
import { tlsErrors } from './tls-errors.ts';
import { ssoErrors } from './sso-errors.ts';
import { steeringErrors } from './steering-errors.ts';

export type { ErrorEntry, ErrorLevel } from './error-entry.ts';

export const errorTable = {
  ...requestErrors,
  'client-left': {
    source: 'downstream',
    retry: 'now',
    status: 499,
    closeCode: 1001,
    level: 'info',
    message: 'The client left before the exchange was over.',
  },
  'token-invalid': { ...unauthorized, message: 'The token is not valid.' },
  'token-missing': { ...unauthorized, message: 'A token is needed here.' },
  'public-key-invalid': { ...badRequest, message: 'The public key must be RSA of 2048 bits or more.' },
  'login-refused': {
    ...unauthorized,
    status: 403,
    closeCode: 4403,
    message: 'The login was refused.',
  },
  'pass-missing': {
    ...unauthorized,
    status: 403,
    closeCode: 4403,
    level: 'warn',
    message: 'Edges answer only through the front door.',
  },
  ...steeringErrors,
  'session-not-found': { ...badRequest, status: 404, closeCode: 4404, message: 'There is no such session.' },
  'member-not-found': { ...badRequest, status: 404, closeCode: 4404, message: 'There is no such member.' },
  'member-removed': {
    ...badRequest,
    status: 403,
    closeCode: 4403,
    message: 'An administrator has removed you from this session.',
  },
  'ban-refused': {
    ...badRequest,
    status: 409,
    closeCode: 4409,
    message: 'This member has no login that could be banned.',
  },
  'session-exists': {
    ...badRequest,
    status: 409,
    closeCode: 4409,
    message: 'A session with this key is running already.',
  },
  'client-refused': {
    ...badRequest,
    status: 403,
    closeCode: 4403,
    message: 'This server lets only newer versions of this client host.',
  },
  'session-ended': { ...badRequest, status: 410, closeCode: 4410, message: 'The session has ended.' },
  'member-banned': {
    ...badRequest,
    status: 403,
    closeCode: 4403,
    message: 'An administrator has banned you from this session.',
  },
  'session-full': {
    ...badRequest,
    retry: 'later',
    status: 503,
    closeCode: 1013,
    level: 'warn',
    message: 'The session has as many members as it may have.',
  },
  'too-many-waiting': {
    ...unavailable,
    source: 'downstream',
    status: 429,
    message: 'Too many requests of this kind are waiting.',
  },
  'message-too-large': {
    ...badRequest,
    status: 413,
    closeCode: 1009,
    message: 'The message is larger than this server takes.',
  },
  'message-malformed': {
    ...badRequest,
    closeCode: 1007,
    message: 'The message is not one of this protocol.',
  },
  'member-too-slow': {
    ...badRequest,
    retry: 'now',
    status: 503,
    closeCode: 1013,
    level: 'warn',
    message: 'The connection does not read fast enough.',
  },
  'member-too-fast': {
    ...badRequest,
    retry: 'later',
    status: 429,
    closeCode: 1013,
    level: 'warn',
    message: 'The connection sends more than one member may.',
  },
  'outbox-bytes-exceeded': { ...gap, message: 'More bytes were sent to the member than are kept for it.' },
  'outbox-count-exceeded': { ...gap, message: 'More messages were sent to the member than are kept for it.' },
  'outbox-age-exceeded': { ...gap, message: 'Messages to the member are older than they are kept.' },
  'offset-unknown': { ...gap, message: 'What the member heard last is not known here.' },
  'wrong-edge': {
    source: 'internal',
    retry: 'now',
    status: 421,
    closeCode: 1012,
    level: 'info',
    message: 'Another edge runs this session.',
  },
  'stale-epoch': {
    source: 'internal',
    retry: 'now',
    status: 421,
    closeCode: 1012,
    level: 'info',
    message: 'The session has moved on.',
  },
  fenced: {
    source: 'internal',
    retry: 'now',
    status: 503,
    closeCode: 1012,
    level: 'warn',
    message: 'This edge has lost the right to run the session.',
  },
  'edge-leaving': {
    ...unavailable,
    retry: 'now',
    closeCode: 1012,
    level: 'info',
    message: 'This edge is leaving; the session goes on at another one.',
  },
  'session-moving': {
    ...unavailable,
    retry: 'now',
    closeCode: 1012,
    message: 'The session is moving to another edge.',
  },
  'session-here': { ...conflict, message: 'The session is on this edge already.' },
  'move-running': { ...conflict, message: 'The session is being moved already.' },
  'move-unsupported': { ...conflict, message: 'A static backend cannot hand a session over.' },
  'move-failed': {
    ...unavailable,
    message: 'The session could not be moved; the log says why and where it is now.',
  },
  'edge-unknown': { ...badRequest, status: 404, closeCode: 4404, message: 'There is no edge of this name.' },
  'edge-not-ready': {
    ...conflict,
    retry: 'later',
    closeCode: 1013,
    message: 'The edge takes no sessions now.',
  },
  'replace-unsupported': {
    ...conflict,
    message: 'No supervisor runs this front door that could replace it.',
  },
  'edge-not-draining': { ...conflict, message: 'The edge is not being drained.' },
  'snapshot-refused': {
    ...unavailable,
    message: 'The snapshot of the session is not one that this edge reads.',
  },
  'snapshot-too-large': {
    ...unavailable,
    message: 'The session waits with more than may be moved at once.',
  },
  'no-edge': { ...unavailable, closeCode: 1013, message: 'No edge is ready to take the session.' },
  'edge-full': { ...unavailable, message: 'The edge of this session has as many as it may have.' },
  'edge-busy': {
    ...unavailable,
    message: 'The edge of this session has more requests waiting than it may have.',
  },
  'directory-unavailable': { ...storeDown, message: 'The directory of sessions cannot be reached.' },
  'store-unavailable': { ...storeDown, message: 'The document store cannot be reached.' },
  'roster-unavailable': {
    ...storeDown,
    message: 'The store of sessions cannot be reached, so nobody can be let in.',
  },
  'journal-unavailable': { ...storeDown, message: 'The journal cannot be reached.' },
  'upstream-refused': { ...brokenUpstream, message: 'The edge of this session cannot be reached.' },
  'upstream-untrusted': {
    ...brokenUpstream,
    level: 'error',
    message: 'The edge of this session does not prove who it is.',
  },
  'upstream-broken': { ...brokenUpstream, message: 'The edge broke off its answer.' },
  'upstream-timeout': { ...brokenUpstream, status: 504, message: 'The edge did not answer in time.' },
  ...downloadErrors,
  ...locationErrors,
  ...limitErrors,
  ...tlsErrors,
  ...dashboardErrors,
  ...ssoErrors,
  internal: {
    source: 'internal',
    retry: 'later',
    status: 500,
    closeCode: 1011,
    level: 'error',
    message: 'Something went wrong here.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

/** A failure with a code of the table. `facts` are for the log alone: no keys, tokens, bodies. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly facts: Readonly<Record<string, unknown>>;
  /** For an administrator who has shown the token: what is wrong with what was given. */
  readonly params: readonly string[];

  constructor(
    code: ErrorCode,
    options: { cause?: unknown; facts?: Record<string, unknown>; params?: readonly string[] } = {},
  ) {
    super(errorTable[code].message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.facts = options.facts ?? {};
    this.params = options.params ?? [];
  }

  get entry(): ErrorEntry {
    return errorTable[this.code];
  }
}

/** Wraps what is not an `AppError` as `internal`, keeping it as the cause. */
export function toAppError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError('internal', { cause: error });
}

/**
 * The JSON body of an error answer. `code`, `message`, `params` is the shape that Open Collaboration
 * clients show to their user (its `Info` type).
 */
export function errorBody(code: ErrorCode, exchangeId?: string, params: readonly string[] = []): string {
  const body = { code, message: errorTable[code].message, params };
  return JSON.stringify(exchangeId === undefined ? body : { ...body, exchange: exchangeId });
}
