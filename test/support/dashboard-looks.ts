/** Each page of the dashboard on a screen: whether all can read it, and whether it fits. */
import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { assertAccessible, openDashboard, openTab } from './dashboard.ts';

interface Screen {
  readonly colorScheme: 'light' | 'dark';
  readonly viewport: { readonly width: number; readonly height: number };
}

export const wide = { width: 1280, height: 900 };
export const phone = { width: 360, height: 740 };

/** Each with what is there last. */
const tabs = {
  Overview: 'section[aria-labelledby=recent-title] table',
  Map: '.dot',
  Sessions: '[aria-label="Sessions"] table',
  Usage: '.bars',
  Activity: 'table',
  Regions: 'textarea',
  Settings: '[aria-label="Table of settings"] td',
  Downloads: '[aria-labelledby=clients-title] a',
} as const;

type Tab = keyof typeof tabs;

export const firstTab: Tab = 'Overview';
const allTabs = Object.keys(tabs) as Tab[];

/** Fails with everything that somebody on this screen could not read or reach on these pages. */
export async function lookAt(
  browser: Browser,
  origin: string,
  screen: Screen,
  titles: readonly Tab[] = allTabs,
): Promise<void> {
  const { page, faults } = await openDashboard(browser, origin, screen);
  for (const tab of titles) {
    await openTab(page, tab);
    await page.locator(tabs[tab]).first().waitFor({ state: 'attached' });
    const where = `${tab}, ${screen.colorScheme}, ${screen.viewport.width}`;
    await assertAccessible(page, where);
    const width = Number(await page.evaluate('document.documentElement.scrollWidth'));
    assert.ok(width <= screen.viewport.width, `${where} is ${width} px wide`);
    if (tab !== firstTab) continue;
    const hold = await page.getByRole('button', { name: 'Hold edge-1' }).boundingBox();
    assert.ok(hold!.x + hold!.width <= screen.viewport.width, `${where}: what can be done is in sight`);
  }
  assert.deepEqual(faults, []);
  await page.context().close();
}
