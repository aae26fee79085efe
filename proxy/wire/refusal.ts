/** What whoever is refused outside of an exchange reads, after which the connection ends. */
import { errorBody, errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { formatAnswer } from './answer-head.ts';

const retryAfterSeconds = '1';

export function formatRefusal(code: ErrorCode): string {
  const { status, retry } = errorTable[code];
  const body = errorBody(code);
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  const hint = retry === 'later' ? { 'retry-after': retryAfterSeconds } : {};
  return formatAnswer(status, { ...headers, ...hint }, 'connection: close\r\n', body) + body;
}
