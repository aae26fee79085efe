/**
 * Two browsers and `mooring share` while an edge is killed and everything is replaced, edge by edge, in the middle of typing: every character
 * arrives, the pages say what happened, and nobody has to do anything.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { eventually } from '../support/oct-inbox.ts';
import type { Pool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';
import {
  askToJoin,
  editorOf,
  openFile,
  openPages,
  openSessionPage,
  shownText,
} from '../support/session-page.ts';
import { makeFolder, shareFolder } from '../support/share-host.ts';

/** Four processes, one after the other, however busy the machine. */
const replaceMaxMs = 110_000;
const returnMaxMs = 40_000;

let pool: Pool;
let browser: Browser;
let close: () => Promise<void>;

before(async () => {
  ({ pool, browser, close } = await openPages());
});

after(async () => await close?.());

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
  return await page.locator('.link-up .soft').innerText();
}

async function areAt(
  pages: readonly Page[],
  isThere: (edge: string) => boolean,
  what: string,
): Promise<void> {
  await eventually(
    async () => (await Promise.all(pages.map(edgeShown))).every((edge) => isThere(edge.trim())),
    what,
    returnMaxMs,
  );
}

async function allReady(): Promise<void> {
  await eventually(
    async () => (await pool.edges()).filter(({ state }) => state === 'ready').length === 3,
    'all edges are ready',
    60_000,
  );
}

test('two pages and a shared folder lose no character while their edge is killed, and while front door and edges are replaced', async (t) => {
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
    // A picture of the file until its text is there.
    const editor = editorOf(page, 'story.txt');
    const isOpen = async (): Promise<boolean> => (await editor.getAttribute('aria-readonly')) === 'false';
    await eventually(isOpen, 'the file can be written');
    await editor.focus();
  }
  await ann.keyboard.press('Control+Home');
  await bob.keyboard.press('Control+End');
  const [first, last] = [new Typist(ann), new Typist(bob)];
  first.start('a');
  last.start('b');

  const killed = await pool.edgeOf(key);
  const pid = await pool.childPid(killed);
  const told = [
    ann.locator('.link-away').waitFor(),
    ann.getByText(`The session went on from ${killed}`).waitFor({ timeout: returnMaxMs }),
  ];
  process.kill(pid, 'SIGKILL');
  await Promise.all(told);
  await areAt([ann, bob], (edge) => edge !== killed, 'both pages are with another edge');
  await allReady();

  const replaced = await runCommand(
    t,
    ['restart', '--rolling', '--data-dir', pool.dataDir],
    {},
    replaceMaxMs,
  );
  assert.equal(replaced.code, 0, replaced.stderr);
  await areAt([ann, bob], (edge) => edge !== '', 'both pages are connected');

  const [a, b] = [await first.stop(), await last.stop()];
  const whole = `${a}middle\n${b}`;
  const onDisk = (): string => readFileSync(join(folder, 'story.txt'), 'utf8');
  await eventually(() => onDisk() === whole, 'the disk has every character', returnMaxMs).catch(
    async (error: unknown) => {
      const shown = await Promise.all([ann, bob].map(async (page) => await shownText(page, 'story.txt')));
      throw new Error(JSON.stringify({ whole, onDisk: onDisk(), shown }), { cause: error });
    },
  );
  for (const page of [ann, bob])
    await eventually(
      async () => (await shownText(page, 'story.txt')) === whole,
      'the page has every character',
    );
  for (const { faults } of guests) assert.deepEqual(faults, []);
  for (const page of [ann, bob]) assert.equal(await page.locator('.fault').count(), 0);
});
