/** Every page of the dashboard on every screen, in light and in dark, in real Chromium. */
import { test } from 'node:test';
import { ensureBuilt } from '../../proxy/dashboard/build.ts';
import { openBrowser } from '../support/browser.ts';
import { lookAt, phone, wide } from '../support/dashboard-looks.ts';
import { startPool } from '../support/pool.ts';
import { dashboardLogin } from '../support/viewer.ts';
import { openDocument } from '../support/y-document.ts';

test('every page is accessible in light, in dark and on a phone, and none is wider than its screen', async (t) => {
  await ensureBuilt();
  const [pool, browser] = await Promise.all([startPool(t, { env: dashboardLogin }), openBrowser()]);
  t.after(async () => await browser.close());
  await openDocument(t, pool.url, { key: 'seen', name: 'notes' });
  for (const viewport of [wide, phone])
    for (const colorScheme of ['light', 'dark'] as const)
      await lookAt(browser, pool.url, { colorScheme, viewport });
});
