/** The dashboard as people use it: a real pool, real clients, real Chromium. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { firstTab, lookAt, phone, wide } from '../support/dashboard-looks.ts';
import { assertAccessible, boxOf, openDashboard, openTab } from '../support/dashboard.ts';
import { ensureBuilt } from '../../proxy/dashboard/build.ts';
import { hostSession, joinSession, logIn } from '../support/oct-client.ts';
import { eventually } from '../support/oct-inbox.ts';
import { openPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';
import { dashboardLogin } from '../support/viewer.ts';
import { openDocument } from '../support/y-document.ts';

let opened: ReturnType<typeof openPool>;
let pool: Pool;
let browser: Browser;

before(async () => {
  await ensureBuilt();
  opened = openPool({ env: dashboardLogin });
  ({ pool } = opened);
  [browser] = await Promise.all([openBrowser(), pool.waitUntilReady()]);
});

after(async () => {
  await browser?.close();
  await opened?.close();
});

test('every page is accessible, the first one in dark on a phone too, and none is wider than its screen', async (t) => {
  await openDocument(t, pool.url, { key: 'seen', name: 'notes' });
  await lookAt(browser, pool.url, { colorScheme: 'light', viewport: wide });
  await lookAt(browser, pool.url, { colorScheme: 'dark', viewport: phone }, [firstTab]);
});

test('a session is seen as it begins, and on the map where it goes when its edge is drained', async (t) => {
  const { page } = await openDashboard(browser, pool.url);
  t.after(async () => await page.context().close());
  await openTab(page, 'Map');
  const client = await openDocument(t, pool.url, { key: 'traveller', name: 'notes' });
  const dot = page.locator('[data-session="traveller"]');
  await dot.waitFor();
  const { edge } = await pool.where('traveller');
  await eventually(
    async () => (await boxOf(page, 'traveller')) === edge,
    'the dot is in the box of its edge',
  );
  await openTab(page, 'Overview');
  await page.getByRole('button', { name: `Drain ${edge}` }).click();
  const dialog = page.getByRole('dialog');
  await assertAccessible(page, 'the dialog');
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await page.getByText(`${edge} is being emptied.`).waitFor();
  await page.getByRole('button', { name: `Undrain ${edge}` }).waitFor();
  await openTab(page, 'Map');
  await eventually(async () => {
    const { edge: now } = await pool.where('traveller');
    return now !== edge && (await boxOf(page, 'traveller')) === now;
  }, 'the dot is in the box of the next edge');
  await openTab(page, 'Overview');
  await page.getByRole('button', { name: `Undrain ${edge}` }).click();
  await dialog.getByRole('button', { name: 'Undrain' }).click();
  await page.getByRole('button', { name: `Drain ${edge}` }).waitFor();
  await eventually(() => client.provider.wsconnected, 'the client is back');
});

test('a session is moved and ended from its row, and the audit names who did it', async (t) => {
  const { page } = await openDashboard(browser, pool.url);
  t.after(async () => await page.context().close());
  const client = await openDocument(t, pool.url, { key: 'ends-soon', name: 'notes' });
  const { edge } = await pool.where('ends-soon');
  await openTab(page, 'Sessions');
  await page.getByLabel('Find a whole key').fill('ends-soon');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByText(`ends-soon is on ${edge}.`).waitFor();
  await page.getByRole('button', { name: 'Move ends-soon' }).click();
  const dialog = page.getByRole('dialog');
  const target = await dialog.getByLabel('To edge').inputValue();
  await dialog.getByRole('button', { name: 'Move' }).click();
  await page.getByText(`The session ends-soon is on ${target} now.`).waitFor();
  assert.equal((await pool.where('ends-soon')).edge, target);
  await page.getByRole('combobox', { name: 'Edge', exact: true }).selectOption(target);
  await eventually(() => client.provider.wsconnected, 'the client is back');
  await page.getByRole('button', { name: 'End ends-soon' }).click();
  await dialog.getByRole('button', { name: 'End' }).click();
  await page.getByText('The session ends-soon has ended.').waitFor();
  client.close();
  await openTab(page, 'Activity');
  await page.getByLabel('Contains').fill('end, ended');
  const row = page.getByRole('row').filter({ hasText: dashboardLogin.CT_DASHBOARD_USER });
  await row.first().waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as CSV' }).click();
  const stream = (await (await download).createReadStream()).setEncoding('utf8');
  const text = (await stream.toArray()).join('');
  assert.match(
    text,
    /^time,event,what,who,user_id,about,session,where,client,detail\r\n.*admin\.acted,Administrator,ada,/,
  );
});

test('a session is chosen and moved from the row of its edge', async (t) => {
  const { page } = await openDashboard(browser, pool.url);
  t.after(async () => await page.context().close());
  const client = await openDocument(t, pool.url, { key: 'chosen', name: 'notes' });
  const { edge } = await pool.where('chosen');
  await page.getByRole('button', { name: `Move a session of ${edge}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Session').selectOption('chosen');
  await assertAccessible(page, 'the dialog');
  assert.ok(
    await dialog.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth),
    'all of it is seen',
  );
  const target = await dialog.getByLabel('To edge').inputValue();
  await dialog.getByRole('button', { name: 'Move' }).click();
  await page.getByText(`The session chosen is on ${target} now.`).waitFor();
  assert.equal((await pool.where('chosen')).edge, target);
  await eventually(() => client.provider.wsconnected, 'the client is back');
});

test('an address that somebody has typed wrongly leads to a page all the same', async (t) => {
  const { page, faults } = await openDashboard(browser, pool.url);
  t.after(async () => await page.context().close());
  await page.evaluate('location.hash = "#/sessions/%"');
  await page.getByRole('heading', { level: 1, name: 'Sessions' }).waitFor();
  assert.deepEqual(faults, []);
});

test('a member is banned by the button, and does not come in again', async (t) => {
  const { page } = await openDashboard(browser, pool.url);
  t.after(async () => await page.context().close());
  const url = pool.url;
  const host = await hostSession({ url, loginToken: await logIn(url, 'Hilda') });
  t.after(() => host.dispose());
  const loginToken = await logIn(url, 'Gustav');
  const guest = await joinSession({ url, loginToken }, host.key);
  t.after(() => guest.dispose());
  const { edge } = await pool.where(host.key);
  await openTab(page, 'Sessions');
  await page.getByRole('combobox', { name: 'Edge', exact: true }).selectOption(edge);
  await page.getByRole('button', { name: `Members of ${host.key}` }).click();
  await page.getByRole('button', { name: 'Ban Gustav' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Ban' }).click();
  await page.getByText(`Gustav is banned from ${host.key}.`).waitFor();
  await page.getByRole('button', { name: 'Ban Gustav' }).waitFor({ state: 'detached' });
  await assert.rejects(joinSession({ url, loginToken }, host.key));
  await openTab(page, 'Activity');
  const row = page.getByRole('row').filter({ hasText: 'Banned from a session' });
  await row.getByRole('cell', { name: 'Gustav', exact: true }).waitFor();
});

test('regions are edited; what is no network is refused in words, with its code, and nothing is lost', async (t) => {
  const { page } = await openDashboard(browser, pool.url);
  t.after(async () => await page.context().close());
  await openTab(page, 'Regions');
  await page.getByLabel('Name of a new region').fill('north');
  await page.getByRole('button', { name: 'Add region' }).click();
  const field = page.getByLabel('Networks of north');
  await field.fill('10.1.0.0/16\nnot a network');
  await page.getByRole('button', { name: 'Save regions' }).click();
  await page.getByRole('alert').filter({ hasText: 'regions-invalid' }).waitFor();
  assert.match(await field.inputValue(), /not a network/);
  await field.fill('10.1.0.0/16\n10.2.0.0/16');
  await page.getByRole('button', { name: 'Save regions' }).click();
  await page.getByText('The regions are saved.').waitFor();
  await page.reload();
  assert.equal(await page.getByLabel('Networks of north').inputValue(), '10.1.0.0/16\n10.2.0.0/16');
});

test('the page says when it is not live, and is live again by itself when the front door is back', async (t) => {
  const { page } = await openDashboard(browser, pool.url);
  t.after(async () => await page.context().close());
  process.kill(await pool.childPid('front door'), 'SIGKILL');
  await page.locator('.link-lost').waitFor();
  await page.getByText('Not live: figures are those of').waitFor();
  await page.locator('.link-live').waitFor();
  await page.getByText('Not live: figures are those of').waitFor({ state: 'detached' });
});

test('settings of the pool are changed for all; a wrong one is refused in words, and nothing is lost', async (t) => {
  const { page } = await openDashboard(browser, pool.url);
  t.after(async () => await page.context().close());
  await openTab(page, 'Settings');
  const hosting = page.getByRole('region', { name: 'Who may host' });
  const minimum = hosting.getByLabel('Lowest client version');
  await minimum.fill('newest');
  await hosting.getByRole('button', { name: 'Save' }).click();
  await hosting.getByRole('alert').filter({ hasText: 'body-invalid' }).waitFor();
  assert.equal(await minimum.inputValue(), 'newest');
  await minimum.fill('0.3.3');
  await hosting.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Who may host: saved for the whole pool.').waitFor();
  const banner = page.getByRole('region', { name: 'A word to everybody' });
  await banner.getByLabel('Text').fill('Restart at noon');
  await banner.getByRole('button', { name: 'Save' }).click();
  await banner.getByText('It is shown.').waitFor();
  await page
    .getByRole('status')
    .filter({ hasText: /^Restart at noon$/ })
    .waitFor();
  await page.reload();
  await page
    .getByRole('status')
    .filter({ hasText: /^Restart at noon$/ })
    .waitFor();
  await banner.getByLabel('Text').fill('');
  await banner.getByRole('button', { name: 'Save' }).click();
  await page
    .getByRole('status')
    .filter({ hasText: /^Restart at noon$/ })
    .waitFor({ state: 'detached' });
  assert.equal(await hosting.getByLabel('Lowest client version').inputValue(), '0.3.3');
  await hosting.getByLabel('Lowest client version').fill('');
  await hosting.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Who may host: saved for the whole pool.').waitFor();
});

test('everything is reached and done by the keyboard alone', async (t) => {
  const { page } = await openDashboard(browser, pool.url);
  t.after(async () => await page.context().close());
  await page.getByRole('button', { name: 'Hold edge-1' }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(
    await page.evaluate('document.activeElement.tagName'),
    'H1',
    'the first stop leads to the content',
  );
  const button = page.getByRole('button', { name: 'Hold edge-1' });
  for (let i = 0; i < 40 && !(await button.evaluate((element) => element.matches(':focus'))); i++)
    await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  // Who is fast opens it again before the page has heard that it is closed.
  await button.evaluate((element) => {
    element.ownerDocument.querySelector('dialog')!.close();
    (element as unknown as { click: () => void }).click();
  });
  await dialog.waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.ok(
    await button.evaluate((element) => element.matches(':focus')),
    'the keyboard is back where it was',
  );
  await page.keyboard.press('Enter');
  await dialog.waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('edge-1 takes no new sessions.').waitFor();
  await page.getByRole('button', { name: 'Resume edge-1' }).click();
  await dialog.getByRole('button', { name: 'Resume' }).click();
  await page.getByText('edge-1 takes new sessions again.').waitFor();
});
