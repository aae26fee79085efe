/** Every screen of the session page in sizes and colours that the caller names: whether all can read it, and whether it fits. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { assertAccessible } from './dashboard.ts';
import { startFileHost } from './file-host.ts';
import { eventually } from './oct-inbox.ts';
import type { Pool } from './pool.ts';
import { askToJoin, files, openFile, openSessionPage, showPart, wideText as wide } from './session-page.ts';

/** A folder for pictures of every screen, to be looked at. */
const shots = process.env['SESSION_PAGE_SHOTS'] ?? '';

interface Screen {
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
  readonly height: number;
}

export const darkPhone: Screen = { colorScheme: 'dark', width: 360, height: 740 };
export const allScreens: readonly Screen[] = [
  { colorScheme: 'light', width: 1280, height: 800 },
  { colorScheme: 'dark', width: 1280, height: 800 },
  { colorScheme: 'light', width: 360, height: 740 },
];

interface Looks {
  readonly pool: Pool;
  readonly browser: Browser;
  readonly screens: readonly Screen[];
}

/** Fails with everything that somebody on such a screen could not read or reach, from the start page to the end of a session. */
export async function lookAtSession(t: TestContext, { pool, browser, screens }: Looks): Promise<void> {
  const host = await startFileHost(t, pool, { files: { ...files, 'src/wide.ts': wide } });
  const { page, faults } = await openSessionPage(browser, `${pool.url}/`);
  t.after(async () => await page.context().close());
  const judge = async (where: string, parts: readonly string[] = []): Promise<void> =>
    await judgeOn(page, screens, { where, parts });
  await page.getByLabel('Session code').waitFor();
  await judge('start page');
  await page.goto(`${pool.url}/~${host.key}/`);
  await page.getByLabel('Your name').waitFor();
  await judge('way in');
  await askToJoin(page, 'Gustav');
  await openFile(page, 'main.ts');
  host.point('src/main.ts', 3);
  await host.member.connection.chat.sendMessage('Welcome. Look at line 1, please.');
  await page.getByRole('log').getByText('Welcome').waitFor({ state: 'attached' });
  await page.locator('.remote-cursor').waitFor({ state: 'attached' });
  await judge('session', ['Files', 'Text', 'People', 'Chat']);
  await openFile(page, 'wide.ts');
  await eventually(() => host.text('src/wide.ts').length === wide.length, 'the host shares the text');
  host.point('src/wide.ts', 0, wide.length);
  await page.locator('.remote-selection').first().waitFor();
  await page.getByRole('button', { name: 'Follow Hilda' }).click();
  await page.getByText('Details').click();
  await judge('followed', ['Text', 'People']);
  await page.getByText('Details').click();
  await page.getByRole('button', { name: 'Copy link' }).click();
  for (const { width, height } of [...screens, { width: 900, height: 700 }]) {
    await page.setViewportSize({ width, height });
    if (width < 500) await page.getByRole('button', { name: 'Chat', exact: true }).click();
    const notice = (await page.locator('.notices').boundingBox())!;
    const input = (await page.getByLabel('Message to everybody').boundingBox())!;
    const isApart = notice.x + notice.width <= input.x || notice.y + notice.height <= input.y;
    assert.ok(notice.height > 0 && isApart, `what is told covers the chat's input at ${width} px`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await host.member.connection.room.leave();
  await page.getByText('The host has ended the session.').waitFor();
  await judge('end');
  assert.deepEqual(faults, []);
}

/** On narrow screens part by part. */
async function judgeOn(
  page: Page,
  screens: readonly Screen[],
  { where, parts }: { where: string; parts: readonly string[] },
): Promise<void> {
  for (const { colorScheme, width, height } of screens) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    for (const part of width < 500 && parts.length > 0 ? parts : ['']) {
      const name = `${where} ${part}, ${colorScheme}, ${width}`;
      if (part !== '') await showPart(page, part, name);
      if (shots !== '') await page.screenshot({ path: `${shots}/${name.replace(/[ ,]+/g, '-')}.png` });
      await assertAccessible(page, name);
      const wide = Number(await page.evaluate('document.documentElement.scrollWidth'));
      assert.ok(wide <= width, `${name} is ${wide} px wide`);
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}
