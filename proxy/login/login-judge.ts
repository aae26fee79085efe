/**
 * With single sign-on nobody gets into a session without a login that somebody vouches for: neither by a document's WebSocket,
 * which has no login of its own, nor by a ticket, nor with a token from before it was on. Undefined for what needs none.
 */
import { AppError } from '#shared/errors.ts';
import type { SessionTokens } from '#shared/session-token.ts';
import { readCookie } from '../core/cookie.ts';
import { headerValues } from '../core/header-list.ts';
import type { HeaderList } from '../core/header-list.ts';
import type { RouteName } from '../core/route.ts';
import { vouchedFor, guestAuthProvider } from './providers.ts';

interface Entering {
  readonly method: string;
  readonly headers: HeaderList;
  readonly query: string;
}

/** Rejects with `login-needed`, `token-invalid`, or `login-refused` for a guest who would be a host. */
export type JudgeLogin = (route: RouteName, entering: Entering) => Promise<void> | undefined;

const judgedRoutes: readonly RouteName[] = ['session-create', 'session-join', 'y-websocket', 'locate'];
export const loginCookie = 'oct-jwt';

export function openLoginJudge(tokens: SessionTokens): JudgeLogin {
  return (route, entering) => {
    // What a browser asks before it asks bears no token.
    if (!judgedRoutes.includes(route) || entering.method === 'OPTIONS') return undefined;
    return judge(route, entering, tokens);
  };
}

async function judge(route: RouteName, { headers, query }: Entering, tokens: SessionTokens): Promise<void> {
  const token = loginTokenOf(headers) ?? new URLSearchParams(query).get('token') ?? undefined;
  if (token === undefined) throw new AppError('login-needed');
  const { authProvider = '' } = await tokens.verifyLogin(token);
  if (!vouchedFor.includes(authProvider)) throw new AppError('login-needed');
  if (route === 'session-create' && authProvider === guestAuthProvider) throw new AppError('login-refused');
}

/** The token of the header, else of the cookie that browsers without headers use. */
export function loginTokenOf(headers: HeaderList): string | undefined {
  return headerValues(headers, 'x-oct-jwt')[0] ?? readCookie(headers, loginCookie);
}
