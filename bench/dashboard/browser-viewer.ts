/** The dashboard in a real browser: how soon each page of it is there, and what it costs the browser to keep up with the pool. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession, Page } from 'playwright-core';
import { openBrowser } from '../../test/support/browser.ts';
import { openDashboard, openTab } from '../../test/support/dashboard.ts';

const tabs = ['Map', 'Sessions', 'Activity', 'Overview'] as const;
/** What a page does when it is opened is over by then. */
const calmAfterMs = 3_000;
const watchedMs = 5_000;

export interface BrowserView {
  /** From nothing to a picture that lives, with the login. */
  readonly liveMs: number;
  /** The slowest of all pages, from the click to its heading. */
  readonly slowestTabMs: number;
  /** Of one processor, on the page that takes most while nobody does anything. */
  readonly busiestShare: number;
  readonly heapBytes: number;
  /** Said by the page of its own faults. */
  readonly faults: readonly string[];
}

export async function viewInBrowser(origin: string): Promise<BrowserView> {
  const browser = await openBrowser();
  try {
    const startedAtMs = performance.now();
    const { page, faults } = await openDashboard(browser, origin);
    const liveMs = performance.now() - startedAtMs;
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const shownMs: number[] = [];
    const shares: number[] = [];
    for (const tab of tabs) {
      shownMs.push(await timeTab(page, tab));
      await sleep(calmAfterMs);
      const before = await readMetric(session, 'TaskDuration');
      await sleep(watchedMs);
      shares.push(((await readMetric(session, 'TaskDuration')) - before) / (watchedMs / 1_000));
    }
    const heapBytes = await readMetric(session, 'JSHeapUsedSize');
    return {
      liveMs,
      slowestTabMs: Math.max(...shownMs),
      busiestShare: Math.max(...shares),
      heapBytes,
      faults,
    };
  } finally {
    await browser.close();
  }
}

async function timeTab(page: Page, title: string): Promise<number> {
  const startedAtMs = performance.now();
  await openTab(page, title);
  return performance.now() - startedAtMs;
}

async function readMetric(session: CDPSession, name: string): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  const metric = metrics.find((one) => one.name === name);
  if (metric === undefined) throw new Error(`the browser does not tell its ${name}`);
  return metric.value;
}
