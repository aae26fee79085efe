/** Every screen of the session page in light, in dark and on a phone, in real Chromium. */
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { Pool } from '../support/pool.ts';
import { openPages } from '../support/session-page.ts';
import { allScreens, lookAtSession } from '../support/session-page-looks.ts';

let pool: Pool;
let browser: Browser;
let close: () => Promise<void>;

before(async () => {
  ({ pool, browser, close } = await openPages());
});

after(async () => await close?.());

test('every screen is accessible in light, in dark and on a phone, and none is wider than its screen', async (t) => {
  await lookAtSession(t, { pool, browser, screens: allScreens });
});
