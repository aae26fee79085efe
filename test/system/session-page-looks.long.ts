/** Every screen of the session page in light, in dark and on a phone, in real Chromium. */
import { test } from 'node:test';
import { openPages } from '../support/session-page.ts';
import { allScreens, lookAtSession } from '../support/session-page-looks.ts';

test('every screen is accessible in light, in dark and on a phone, and none is wider than its screen', async (t) => {
  const { pool, browser, close } = await openPages();
  t.after(close);
  await lookAtSession(t, { pool, browser, screens: allScreens });
});
