/**
 * What an entry of the error table says, and the families that its entries come from: each is a whole entry but
 * for its sentence, so that codes of one family differ only where they must.
 */
export type ErrorSource = 'downstream' | 'upstream' | 'internal';
export type ErrorLevel = 'error' | 'warn' | 'info' | 'debug';

export interface ErrorEntry {
  /** Who is to blame: a downstream fault never marks an edge. */
  readonly source: ErrorSource;
  /** What the client may do: `never` as it is, `later` unchanged, `now` unchanged and at once. */
  readonly retry: 'never' | 'later' | 'now';
  /** HTTP status of the answer; 499 is only logged, the client is gone. */
  readonly status: number;
  /** WebSocket close code (RFC 6455 section 7.4; 4400 to 4499 tell y-websocket not to come back). */
  readonly closeCode: number;
  readonly level: ErrorLevel;
  /** The sentence that the client reads. */
  readonly message: string;
}

export const badRequest = {
  source: 'downstream',
  retry: 'never',
  status: 400,
  closeCode: 4400,
  level: 'info',
} as const;
export const unauthorized = {
  source: 'downstream',
  retry: 'never',
  status: 401,
  closeCode: 4401,
  level: 'info',
} as const;
export const unavailable = {
  source: 'internal',
  retry: 'later',
  status: 503,
  closeCode: 1013,
  level: 'warn',
} as const;

/** A store that we keep is not there: a person must act. */
export const storeDown = { ...unavailable, level: 'error' } as const;

export const brokenUpstream = {
  source: 'upstream',
  retry: 'later',
  status: 502,
  closeCode: 1014,
  level: 'warn',
} as const;

export const conflict = { ...badRequest, status: 409, closeCode: 4409 } as const;

/** A member cannot go on where its connection ended: it comes back and is brought up to date as a newcomer. */
export const gap = {
  source: 'downstream',
  retry: 'now',
  status: 503,
  closeCode: 1013,
  level: 'warn',
} as const;
