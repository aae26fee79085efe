/** The headers of a refusal: what a client has to know besides the code. */
import { errorTable } from '#shared/errors.ts';
import type { AppError, ErrorCode } from '#shared/errors.ts';
import { affinityName } from './core/affinity-key.ts';

const retryAfterSeconds = 1;

export function refusalHeaders(code: ErrorCode, error: AppError, secure: boolean): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  const { waitSeconds = retryAfterSeconds } = error.facts as { waitSeconds?: number };
  if (errorTable[code].retry !== 'never') headers['retry-after'] = String(waitSeconds);
  // What follows may be a part of the body, or another request: RFC 9112 section 6.3 wants the connection closed.
  if (code === 'framing-ambiguous') headers['connection'] = 'close';
  // A browser that carries a bad cookie would be refused for ever.
  if (error.facts['source'] === 'cookie') {
    headers['set-cookie'] =
      `${affinityName}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  }
  return headers;
}
