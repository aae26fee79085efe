/** The login of sessions, put together: who may vouch for people, by the settings. */
import { randomBytes } from 'node:crypto';
import type { Log } from '#shared/log.ts';
import { SessionTokens } from '#shared/session-token.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { ensureSecret } from '#shared/settings/secrets.ts';
import { guestsOf, ssoBaseOf } from '#shared/settings/sso-settings.ts';
import { openSiblings } from '#shared/siblings.ts';
import type { Directory } from '../directory/directory.ts';
import type { SignOn } from '../sso/sign-on.ts';
import { openAttempts } from '../shared-attempts.ts';
import { openLoginJudge } from './login-judge.ts';
import { LoginBoard } from './login-board.ts';
import { Login } from './login.ts';
import { apiKeyProvider, guestProvider, simpleProvider } from './providers.ts';
import type { LoginProvider } from './providers.ts';

interface LoginPlace {
  readonly settings: Settings;
  readonly directory: Directory;
  readonly log: Log;
  readonly signOn: SignOn;
}

export function openLogin({ settings, directory, log, signOn }: LoginPlace): Login {
  const secret = settings.CT_SESSION_SECRET || ensureSecret(settings.CT_DATA_DIR, 'session');
  const isSignOnOn = ssoBaseOf(settings) !== '';
  const openProviders = settings.CT_LOGIN.map((name) =>
    name === 'apikey' ? apiKeyProvider(settings.CT_API_KEY) : simpleProvider,
  );
  const tokens = new SessionTokens(secret, settings.CT_TOKEN_LIFETIME_HOURS);
  const login = new Login({
    tokens,
    providers: isSignOnOn ? vouchingProviders(settings) : () => openProviders,
    log,
    nowMs,
    siblings: openSiblings('login'),
    board: new LoginBoard({ directory, secret, wallMs: Date.now }),
    randomToken: () => randomBytes(18).toString('base64url'),
    signOn: isSignOnOn
      ? async (request, pollToken) => await signOn.begin(request, { for: 'session', pollToken })
      : undefined,
    judge: isSignOnOn ? openLoginJudge(tokens) : undefined,
  });
  signOn.serve(async (pollToken, person) => await login.confirmPerson(pollToken, person));
  return login;
}

/** With single sign-on nobody comes in by a name that nobody checks. Who the guests are may change with each reload. */
function vouchingProviders(settings: Settings): () => readonly LoginProvider[] {
  const keyed = settings.CT_LOGIN.includes('apikey') ? [apiKeyProvider(settings.CT_API_KEY)] : [];
  const guests = (): ReturnType<typeof guestsOf> => guestsOf(settings.CT_SSO_ALLOWED_GUESTS);
  const all = [...keyed, guestProvider(guests, openAttempts('guest-attempts', nowMs))];
  return () => (guests().length > 0 ? all : keyed);
}

function nowMs(): number {
  return performance.now();
}
