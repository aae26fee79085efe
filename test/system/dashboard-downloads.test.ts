/** The downloads of the dashboard: log files and metrics of a real front door, in real Chromium. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureBuilt } from '../../proxy/dashboard/build.ts';
import { openBrowser } from '../support/browser.ts';
import { assertAccessible, openDashboard, openTab } from '../support/dashboard.ts';
import { makeDataDir, startFrontDoor } from '../support/front-door.ts';
import { dashboardLogin } from '../support/viewer.ts';

test('every link of the downloads leads to something: log files that are named with what they hold, metrics, clients', async (t) => {
  await ensureBuilt();
  const settings = { ...dashboardLogin, CT_LOG_DIR: join(makeDataDir(t), 'logs') };
  const door = await startFrontDoor(t, { settings });
  const url = `http://127.0.0.1:${door.port}`;
  const browser = await openBrowser();
  t.after(async () => await browser.close());
  const { page, faults } = await openDashboard(browser, url);
  await openTab(page, 'Downloads');
  const row = page.getByRole('row').filter({ hasText: 'who was in which session' });
  await row.getByRole('link', { name: 'sessions.log' }).waitFor();
  await assertAccessible(page, 'the downloads');
  const links = await page.locator('main a[href^="/"]').all();
  const paths = await Promise.all(links.map(async (link) => (await link.getAttribute('href'))!));
  assert.ok(paths.includes('/dashboard/logs/metrics.tar.gz') && paths.includes('/clients/'), paths.join());
  for (const path of paths) assert.equal((await page.request.get(`${url}${path}`)).status(), 200, path);
  assert.deepEqual(faults, []);
});

test('where CT_NOCLIENTS hides the downloads of clients, the dashboard leads to none', async (t) => {
  const door = await startFrontDoor(t, { settings: { ...dashboardLogin, CT_NOCLIENTS: 'true' } });
  const browser = await openBrowser();
  t.after(async () => await browser.close());
  const { page } = await openDashboard(browser, `http://127.0.0.1:${door.port}`);
  await openTab(page, 'Downloads');
  await page.getByText('This server offers none').waitFor();
  await page.getByText('This server writes its log to standard output').waitFor();
  assert.equal(await page.locator('main a').count(), 0);
});
