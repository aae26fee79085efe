/** The session page in the machine's own Chromium, used as a person uses it. */
import assert from 'node:assert/strict';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { ensureBuilt } from '../../proxy/dashboard/build.ts';
import { openBrowser } from './browser.ts';
import { openPool } from './pool.ts';
import type { Pool } from './pool.ts';
import type { EditorGuest } from './share-host.ts';

const waitMaxMs = 30_000;

/** What a host shares. */
export const files = { 'src/main.ts': 'const answer = 42;\n', 'src/lib/tool.py': 'print(1)\n' };

export interface PageGuest {
  readonly page: Page;
  /** What the page said of faults of its own. */
  readonly faults: readonly string[];
}

/** A pool that is ready and has its pages, and a browser. */
export async function openPages(): Promise<{
  pool: Pool;
  browser: Browser;
  close: () => Promise<void>;
}> {
  await ensureBuilt();
  const opened = openPool();
  const { pool } = opened;
  const opening = openBrowser();
  const close = async (): Promise<void> => {
    await opening.then(
      async (browser) => await browser.close(),
      () => undefined,
    );
    await opened.close();
  };
  try {
    await pool.waitUntilReady();
    return { pool, browser: await opening, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens an address; `script` runs before any of the page's own. */
export async function openSessionPage(
  browser: Browser,
  url: string,
  { script, ...options }: BrowserContextOptions & { script?: string } = {},
): Promise<PageGuest> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  if (script !== undefined) await context.addInitScript(script);
  const page = await context.newPage();
  page.setDefaultTimeout(waitMaxMs);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  await page.goto(url);
  return { page, faults };
}

/** Says who one is and asks the host, who may be asked by the test. */
export async function askToJoin(page: Page, name: string): Promise<void> {
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Ask to join' }).click();
}

/** Waits until the page is in, then opens a file of the tree. */
export async function openFile(page: Page, ...names: string[]): Promise<void> {
  for (const name of names) await page.getByRole('treeitem', { name, exact: true }).click();
  await editorOf(page, names.at(-1)!).waitFor();
}

export function editorOf(page: Page, name: string): ReturnType<Page['getByRole']> {
  return page.getByRole('textbox', { name: `Text of ${name}` });
}

/** The text as the editor shows it, without what it shows of others; whole only where it fits the screen. */
export async function shownText(page: Page, name: string): Promise<string> {
  return await editorOf(page, name).evaluate((editor) => {
    const copy = editor.cloneNode(true);
    for (const cursor of copy.querySelectorAll('.remote-cursor')) cursor.remove();
    return [...copy.querySelectorAll('.cm-line')].map(({ textContent }) => textContent ?? '').join('\n');
  });
}

/** Resolves in the moment in which the page begins to say that a guest may only read: whether its text takes no key by then. */
export async function lockedOnceTold(page: Page): Promise<boolean> {
  return await page.evaluate<boolean>(`new Promise((resolve) => {
    const look = () => {
      const badges = [...document.querySelectorAll('.badge')];
      if (badges.some(({ textContent }) => textContent === 'Read-only'))
        resolve(document.querySelector('.cm-content').getAttribute('aria-readonly') === 'true');
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    look();
  })`);
}

/** Types at the end of the text, as keys are pressed. */
export async function typeAtEnd(page: Page, name: string, text: string): Promise<void> {
  await typeAt(page, name, 'End', text);
}

export async function typeAtStart(page: Page, name: string, text: string): Promise<void> {
  await typeAt(page, name, 'Home', text);
}

async function typeAt(page: Page, name: string, key: 'Home' | 'End', text: string): Promise<void> {
  await editorOf(page, name).focus();
  await page.keyboard.press(`ControlOrMeta+${key}`);
  await page.keyboard.type(text);
}

/** A member deletes a file that others have open, and makes it anew: each page says so, then has the new text. */
export async function loseAndRemake(path: string, by: EditorGuest, pages: readonly Page[]): Promise<void> {
  const { fs } = by.member.connection;
  const name = path.replace(/.*\//, '');
  await fs.delete(by.hostId, path);
  for (const page of pages) {
    await page.getByRole('tab', { name }).click();
    await page.getByText('It is gone from the host’s disk').waitFor();
  }
  await fs.writeFile(by.hostId, path, { content: new TextEncoder().encode('anew') });
  for (const page of pages) await editorOf(page, name).getByText('anew').waitFor();
}

/** A folder of the browser's own storage instead of one that a person picks: to a page they are the same. */
export const givesFolder = `globalThis.showDirectoryPicker = async () => {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('project', { create: true });
  for (const name of ['notes.md', '.env']) {
    const writing = await (await folder.getFileHandle(name, { create: true })).createWritable();
    await writing.write('# Notes\\n');
    await writing.close();
  }
  return folder;
}`;
/** What is in its `notes.md`; null where that is being written. */
export const readsBack = `(async () => {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('project');
  try {
    return await (await (await folder.getFileHandle('notes.md')).getFile()).text();
  } catch (error) {
    if (!['NotReadableError', 'NotFoundError'].includes(error.name)) throw error;
    return null;
  }
})()`;

/** On a narrow screen; where that part is not to be had, what is seen instead. The chat says, too, how much of it is new. */
export async function showPart(page: Page, part: string, where: string): Promise<void> {
  const parts = page.getByRole('navigation', { name: 'Parts of the session' });
  const click = parts.getByRole('button', { name: part }).click();
  const seen = async (): Promise<string> => await page.locator('body').innerText();
  await click.catch(async (cause: unknown) => assert.fail(`${where}: ${await seen()} (${String(cause)})`));
}

/** Every colour of code, and lines that no screen holds. */
export const wideText = `import { a } from 'b';\n/* ${'so '.repeat(90)}*/ export class A { b = 'c'.d(42 as number, /e/); }\n`;
