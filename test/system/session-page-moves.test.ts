/**
 * Two browsers and `mooring share` while edges are drained, killed and replaced in the middle of typing: every character arrives, the
 * pages say what happened, and nobody has to do anything.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { ensureBuilt } from '../../proxy/dashboard/build.ts';
import { openBrowser } from '../support/browser.ts';
import { eventually } from '../support/oct-inbox.ts';
import { openPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';
import { askToJoin, editorOf, openFile, openSessionPage, shownText } from '../support/session-page.ts';
import { makeFolder, shareFolder } from '../support/share-host.ts';

let opened: ReturnType<typeof openPool>;
let pool: Pool;
let browser: Browser;

before(async () => {
  await ensureBuilt();
  opened = openPool();
  ({ pool } = opened);
  [browser] = await Promise.all([openBrowser(), pool.waitUntilReady()]);
});

after(async () => {
  await browser?.close();
  await opened?.close();
});

/** Types numbered words, key by key, where the cursor is. */
class Typist {
  readonly #page: Page;
  typed = '';
  #isOver = false;
  #typing: Promise<void> | undefined;

  constructor(page: Page) {
    this.#page = page;
  }

  start(name: string): void {
    this.#typing = this.#type(name);
  }

  async stop(): Promise<string> {
    this.#isOver = true;
    await this.#typing;
    return this.typed;
  }

  async #type(name: string): Promise<void> {
    for (let n = 0; !this.#isOver; n++) {
      const word = `${name}${n} `;
      await this.#page.keyboard.type(word, { delay: 5 });
      this.typed += word;
    }
  }
}

async function edgeShown(page: Page): Promise<string> {
  return await page.locator('.link-up .soft').innerText({ timeout: 30_000 });
}

async function areAt(
  pages: readonly Page[],
  isThere: (edge: string) => boolean,
  what: string,
): Promise<void> {
  await eventually(
    async () => (await Promise.all(pages.map(edgeShown))).every((edge) => isThere(edge.trim())),
    what,
    40_000,
  );
}

async function allReady(): Promise<void> {
  await eventually(
    async () => (await pool.edges()).filter(({ state }) => state === 'ready').length === 3,
    'all edges are ready',
    60_000,
  );
}

test('two pages and a shared folder lose no character while their edge is drained, and while it is killed', async (t) => {
  const folder = makeFolder(t, { 'story.txt': 'middle\n' });
  const { key } = await shareFolder(t, pool.url, { folder });
  const guests = await Promise.all(
    [
      { width: 1280, height: 800 },
      { width: 360, height: 740 },
    ].map(async (viewport) => {
      const guest = await openSessionPage(browser, `${pool.url}/~${key}/`, { viewport });
      t.after(async () => await guest.page.context().close());
      return guest;
    }),
  );
  const [ann, bob] = guests.map(({ page }) => page) as [Page, Page];
  for (const [page, name] of [
    [ann, 'Ann'],
    [bob, 'Bob'],
  ] as const) {
    await askToJoin(page, name);
    await openFile(page, 'story.txt');
    await editorOf(page, 'story.txt').focus();
  }
  await ann.keyboard.press('Control+Home');
  await bob.keyboard.press('Control+End');
  const [first, last] = [new Typist(ann), new Typist(bob)];
  first.start('a');
  last.start('b');
  const mark = performance.now();
  const say = (text: string): void => t.diagnostic(`${Math.round(performance.now() - mark)} ms: ${text}`);

  const drained = await pool.edgeOf(key);
  assert.equal((await pool.act('/admin/drain', { edge: drained, deadlineSeconds: 60 })).status, 200);
  await areAt([ann, bob], (edge) => edge !== drained, 'both pages say that they are elsewhere');
  await ann.getByText(`The session went on from ${drained}`).waitFor();
  say('drained');
  await ann.screenshot({ path: '/tmp/h/page-drained.png' });
  await bob.screenshot({ path: '/tmp/h/page-drained-b.png' });
  assert.equal((await pool.act('/admin/undrain', { edge: drained })).status, 200);

  const killed = await pool.edgeOf(key);
  process.kill(await pool.childPid(killed), 'SIGKILL');
  await ann.locator('.link-away').waitFor();
  await ann.screenshot({ path: '/tmp/h/page-away.png' });
  await areAt([ann, bob], (edge) => edge !== killed, 'both pages are with another edge');
  say('killed');
  await allReady();

  const [a, b] = [await first.stop(), await last.stop()];
  const whole = `${a}middle\n${b}`;
  await eventually(
    () => readFileSync(join(folder, 'story.txt'), 'utf8') === whole,
    'the disk has every character',
    40_000,
  );
  for (const page of [ann, bob])
    await eventually(
      async () => (await shownText(page, 'story.txt')) === whole,
      'the page has every character',
    );
  say(`${a.length} and ${b.length} characters`);
  for (const { faults } of guests) assert.deepEqual(faults, []);
  assert.equal(await ann.getByRole('alert').count(), 0);
});
