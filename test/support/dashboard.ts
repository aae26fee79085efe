/** The dashboard in the machine's own Chromium: logs in as a person does, and judges pages by axe. */
import assert from 'node:assert/strict';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { dashboardLogin } from './viewer.ts';

const waitMaxMs = 20_000;

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** A tab that has logged in and is live; what a page says of faults of its own fails the test that looks at `faults`. */
export async function openDashboard(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(waitMaxMs);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  await page.goto(`${origin}/dashboard/`);
  await page.getByLabel('User').fill(dashboardLogin.CT_DASHBOARD_USER);
  await page.getByLabel('Password').fill(dashboardLogin.CT_DASHBOARD_PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.locator('.link-live').waitFor();
  return { page, faults };
}

export async function openTab(page: Page, title: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: title }).click();
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
}

/** What is on its way from one look to another is done; what goes on for ever, as a caret that blinks, is left alone. */
const settled = `Promise.all(
  document.getAnimations()
    .filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity)
    .map(async ({ finished }) => await finished.catch(() => undefined)),
)`;

/** Fails with everything that axe finds. Colours that fade meanwhile are no colours of the page. */
export async function assertAccessible(page: Page, where: string): Promise<void> {
  await page.evaluate(settled);
  // By the debugger, as the page lets in no script but its own.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } };
    return (await axe.run()).violations;
  });
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${where}: ${id}: ${html} ${failureSummary ?? ''}`),
  );
  assert.deepEqual(found, []);
}

/** The edge in whose box the dot of a session is; undefined while it is on its way. */
export async function boxOf(page: Page, key: string): Promise<string | undefined> {
  const centre = await page.locator(`[data-session="${key}"]`).evaluate((dot) => {
    const { x, y, width, height } = dot.getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2 };
  });
  return await page.locator('.map').evaluate((map, { x, y }) => {
    const box = [...map.querySelectorAll('.box')].find((candidate) => {
      const { left, right, top, bottom } = candidate.getBoundingClientRect();
      return left <= x && x <= right && top <= y && y <= bottom;
    });
    return box?.querySelector('.box-name')?.textContent ?? undefined;
  }, centre);
}
