/** The gate of the dashboard, put together. */
import type { Log } from '#shared/log.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { renderPage, escapeHtml, styleSource } from '../../pages/page.ts';
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
}: {
  settings: Settings;
  locator: Locator;
  log: Log;
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
  return new ViewerGate({ cookies, passwords: login, behind: { dashboard: frontPage, logs: nothingHere } });
}

/** What is shown where nothing else is. */
const frontPage: AnswerViewer = async ({ name, role, csrf }, { path }) => {
  if (path !== '/dashboard/') throw new AppError('not-found');
  const body = `<h1>Dashboard</h1><p>You are logged in as ${escapeHtml(name)} (${role}).</p>
    <form method="post" action="/dashboard/logout"><input type="hidden" name="csrf" value="${escapeHtml(csrf)}"><button>Log out</button></form>`;
  const policy = `default-src 'none'; style-src ${styleSource}; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`;
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': policy,
  };
  return await Promise.resolve({ status: 200, headers, body: renderPage('Dashboard', body) });
};

const nothingHere: AnswerViewer = async () => await Promise.reject(new AppError('not-found'));
