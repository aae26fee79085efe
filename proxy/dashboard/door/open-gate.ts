/** The gate of the dashboard, put together. */
import type { Log } from '#shared/log.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { LogDownloads } from '../../log-files/log-downloads.ts';
import type { Locator } from '../../locator.ts';
import { FlowSeal } from '../../sso/flow-cookie.ts';
import { OidcProvider } from '../../sso/oidc-provider.ts';
import { openAttempts } from '../../shared-attempts.ts';
import { SignOn } from '../../sso/sign-on.ts';
import { PasswordLogin } from './password-login.ts';
import { Passwords } from './passwords.ts';
import { ViewerCookies } from './viewer-cookie.ts';
import { ViewerGate } from './viewer-gate.ts';
import type { AnswerViewer } from './viewer.ts';

export function openGate({
  settings,
  locator,
  log,
  dashboard,
}: {
  settings: Settings;
  locator: Locator;
  log: Log;
  dashboard: AnswerViewer;
}): ViewerGate {
  const { directory, metrics, secrets, trust } = locator;
  const passwords = new Passwords({ settings, directory, log });
  // In front of static backends every path is theirs. Where the directory is away, the first login tries again.
  if (settings.CT_BACKEND.length === 0)
    void passwords.prepare().catch((error: unknown) => log.error('directory.failed', { error }));
  const cookies = new ViewerCookies({
    secret: secrets.dashboard,
    limits: () => ({
      lifeMs: settings.CT_DASHBOARD_SESSION_HOURS * 3_600_000,
      idleMs: settings.CT_DASHBOARD_IDLE_MINUTES * 60_000,
    }),
    nowMs: Date.now,
  });
  const provider = new OidcProvider({ settings, trust, nowMs });
  const seal = new FlowSeal(secrets.dashboard);
  const signOn = new SignOn({ settings, provider, seal, cookies, metrics, log });
  const login = new PasswordLogin({
    passwords,
    cookies,
    secret: secrets.dashboard,
    metrics,
    log,
    attempts: openAttempts('dashboard-attempts', nowMs),
    offersSignOn: () => signOn.leadsToDashboard,
  });
  return new ViewerGate({
    cookies,
    passwords: login,
    signOn,
    behind: { dashboard, logs: new LogDownloads(settings).answer },
  });
}

function nowMs(): number {
  return performance.now();
}
