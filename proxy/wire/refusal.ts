/** What whoever is refused outside of an exchange reads, after which the connection ends. */
import { errorBody, errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { formatAnswer } from './answer-head.ts';
import type { HeadFault } from './head-scanner.ts';

/** What a client is told of a head that cannot be read. */
export const codeOfFault = {
  malformed: 'request-malformed',
  'too-large': 'head-too-large',
  'too-many-fields': 'fields-too-many',
} as const satisfies Record<HeadFault, ErrorCode>;

const retryAfterSeconds = '1';

export function formatRefusal(code: ErrorCode, more: Readonly<Record<string, string>> = {}): string {
  const { status, retry } = errorTable[code];
  const body = errorBody(code);
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  const hint = retry === 'later' ? { 'retry-after': retryAfterSeconds } : {};
  return formatAnswer(status, { ...headers, ...hint, ...more }, 'connection: close\r\n', body) + body;
}
