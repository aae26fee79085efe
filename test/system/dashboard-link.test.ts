/** The dashboard's one connection in real Chromium, by a front door's clock that the test sets: when it is over, and when not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensureBuilt } from '../../proxy/dashboard/build.ts';
import { openBrowser } from '../support/browser.ts';
import { openDashboard, openTab } from '../support/dashboard.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startFrontDoor } from '../support/front-door.ts';
import { dashboardLogin } from '../support/viewer.ts';

/** Of a page, so that nobody waits for them here. */
const shortDeadlines =
  'const own = AbortSignal.timeout.bind(AbortSignal); AbortSignal.timeout = () => own(200);';

test('a page is live for as long as its login holds, which requests beside the stream prolong, whatever gets lost on the way, and says when it is over', async (t) => {
  await ensureBuilt();
  const clock = new FakeClock(t);
  const settings = { ...dashboardLogin, ...clock.env, CT_DASHBOARD_IDLE_MINUTES: '1' };
  const [door, browser] = await Promise.all([startFrontDoor(t, { settings }), openBrowser()]);
  t.after(async () => await browser.close());
  const { page } = await openDashboard(browser, `http://${door.host}`);
  clock.jump(40);
  assert.equal(await page.evaluate('fetch("/dashboard/viewer").then((answer) => answer.status)'), 200);
  // Somebody on the way swallows the next question.
  await page.evaluate(shortDeadlines);
  await page.route('**/dashboard/viewer', () => undefined, { times: 1 });
  const anew = page.waitForRequest(`http://${door.host}/dashboard/live`);
  // Longer than the stream has been seen for, and less than the login.
  clock.jump(80);
  await anew;
  await page.locator('.link-live').waitFor();
  await page.route('**/dashboard/api/regions', () => undefined, { times: 1 });
  await openTab(page, 'Regions');
  await page.getByText('The server cannot be reached. (unreachable)').waitFor();
  clock.jump(300);
  await page.getByText('Your login is over.').waitFor();
});
