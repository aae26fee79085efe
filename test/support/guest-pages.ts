/**
 * Pages of guests in a real browser, behind a pool whose edges stop and whose sessions move: how they are opened, how they
 * talk, and what each of them has heard.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { TestContext } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser } from './browser.ts';
import type { SpeakerReport } from './oct-envelopes.ts';
import { eventually } from './oct-inbox.ts';
import { moveElsewhere } from './oct-moves.ts';
import type { Guests } from './pages/page-interfaces.ts';
import { openPool } from './pool.ts';
import type { Pool } from './pool.ts';

export interface GuestPages {
  readonly pool: Pool;
  /** A jar of cookies that ends with the test; pages of the front door allow no script but their own, so it lets ours in. */
  readonly openJar: (t: TestContext) => Promise<BrowserContext>;
}

/** A pool and a browser for all tests of the file that calls it. */
export function openGuestPages(): GuestPages {
  const { pool, close } = openPool({ env: { CT_STOP_GRACE_MS: '10000' } });
  let browser: Browser | undefined;
  before(async () => {
    await pool.waitUntilReady();
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await close();
  });
  const openJar = async (t: TestContext): Promise<BrowserContext> => {
    const jar = await browser!.newContext({ bypassCSP: true });
    t.after(async () => await jar.close());
    return jar;
  };
  return { pool, openJar };
}

export async function reportsOf(page: Page): Promise<SpeakerReport[]> {
  return await page.evaluate(() =>
    (globalThis as unknown as { guests: Guests }).guests.speakers.map((speaker) => speaker.report()),
  );
}

export async function talk(page: Page, isTalking: boolean): Promise<void> {
  await page.evaluate((isTalking) => {
    for (const speaker of (globalThis as unknown as { guests: Guests }).guests.speakers)
      if (isTalking) speaker.talk(20);
      else speaker.silence();
  }, isTalking);
}

/** Everybody in the page has come back so often, and each is on WebSocket again. */
export async function areBack(page: Page, times: number): Promise<void> {
  await eventually(
    async () =>
      (await reportsOf(page)).every(({ isOnWebSocket, returns }) => isOnWebSocket && returns.length >= times),
    `the page is back ${times} times, and on WebSocket`,
  );
}

/** Stops the edge of a session as for an update, and once all edges are there again, moves the session. */
export async function stopAndMove(pool: Pool, key: string, page: Page): Promise<void> {
  const { length } = (await reportsOf(page))[0]!.returns;
  process.kill(await pool.childPid(await pool.edgeOf(key)), 'SIGTERM');
  await areBack(page, length + 1);
  await eventually(
    async () => (await pool.edges()).filter(({ state }) => state === 'ready').length === 3,
    'all edges are ready',
  );
  await moveElsewhere(pool, key);
  await areBack(page, length + 2);
}

export interface Heard {
  readonly id: string;
  readonly sent: readonly string[];
  heardFrom(origin: string): readonly string[];
}

export async function allHear(members: () => Promise<readonly Heard[]>): Promise<void> {
  const isComplete = (all: readonly Heard[]): boolean =>
    all.every((from) => all.every((to) => to === from || to.heardFrom(from.id).at(-1) === from.sent.at(-1)));
  await eventually(async () => isComplete(await members()), 'the last words are heard');
  const all = await members();
  for (const from of all) {
    assert.ok(from.sent.length > 100);
    for (const to of all) if (to !== from) assert.deepEqual(to.heardFrom(from.id), from.sent);
  }
}

export function asHeard({ id, sent, heard }: SpeakerReport): Heard {
  return { id, sent, heardFrom: (origin) => heard[origin] ?? [] };
}
