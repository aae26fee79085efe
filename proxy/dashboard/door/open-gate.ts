/** The gate of the dashboard, put together. */
import type { Log } from '#shared/log.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { Locator } from '../../locator.ts';
import { AppError } from '#shared/errors.ts';
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
  const { directory, metrics, secrets } = locator;
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
  const login = new PasswordLogin({
    passwords,
    cookies,
    secret: secrets.dashboard,
    metrics,
    log,
    nowMs: () => performance.now(),
  });
  return new ViewerGate({ cookies, passwords: login, behind: { dashboard, logs: nothingHere } });
}

const nothingHere: AnswerViewer = async () => await Promise.reject(new AppError('not-found'));
