/** The session page as people use it: a real pool, a host with the unmodified library of editors, real Chromium. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startFileHost } from '../support/file-host.ts';
import { eventually } from '../support/oct-inbox.ts';
import type { Pool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';
import { enterEditor } from '../support/share-host.ts';
import {
  askToJoin,
  editorOf,
  files,
  givesFolder,
  lockedOnceTold,
  loseAndRemake,
  openFile,
  openPages,
  openSessionPage,
  readsBack,
  shownText,
  typeAtEnd,
  typeAtStart,
} from '../support/session-page.ts';
import { darkPhone, lookAtSession } from '../support/session-page-looks.ts';

let pool: Pool;
let browser: Browser;
let close: () => Promise<void>;

before(async () => {
  ({ pool, browser, close } = await openPages());
});

after(async () => await close?.());

test('a guest opens the link, waits for the host, and both edit a file and see each other in it', async (t) => {
  const asked = Promise.withResolvers<string>();
  const letIn = Promise.withResolvers<boolean>();
  const approves = async ({ name }: { name: string }): Promise<boolean> => {
    asked.resolve(name);
    return await letIn.promise;
  };
  const host = await startFileHost(t, pool, { files, approves });
  const { page, faults } = await openSessionPage(browser, `${pool.url}/~${host.key}/`);
  t.after(async () => await page.context().close());
  await askToJoin(page, 'Gustav');
  assert.equal(await asked.promise, 'Gustav');
  await page.getByText('Waiting for the host').waitFor();
  letIn.resolve(true);
  await page.getByRole('treeitem', { name: 'main.ts' }).waitFor();
  await page.getByRole('treeitem', { name: 'src' }).focus();
  // Past `lib`, with the keyboard alone.
  for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
  // Until the host shares the text there is its picture, which takes no key.
  await editorOf(page, 'main.ts').and(page.locator('[aria-readonly="false"]')).waitFor();
  await typeAtEnd(page, 'main.ts', '// from the page');
  const path = 'src/main.ts';
  await eventually(
    () => host.text(path).toJSON().endsWith('// from the page'),
    'the host has what was typed',
  );
  host.text(path).insert(0, '// from the host\n');
  host.point(path, 3);
  const cursor = page.locator('.remote-cursor', { hasText: 'Hilda' });
  await cursor.waitFor();
  assert.equal(await shownText(page, 'main.ts'), host.text(path).toJSON());
  // Drawn anew it would show its name again, over the text that others write before it.
  await cursor.evaluate((element) => element.setAttribute('data-before', ''));
  await typeAtStart(page, 'main.ts', 'before ');
  assert.equal(await page.locator('.remote-cursor[data-before]').count(), 1);
  // With half of it there, 5 could be where the cursor is already.
  await eventually(() => host.text(path).toJSON().startsWith('before '), 'the host has it');
  host.point(path, 5);
  await page.locator('.remote-cursor:not([data-before])').waitFor();
  await eventually(
    () =>
      [...host.awareness.getStates().values()].some(
        (state) => state['selection']?.path === path && state['peer'] !== host.member.self.id,
      ),
    'the host sees where the guest is',
  );
  await openFile(page, 'lib', 'tool.py');
  assert.equal(await editorOf(page, 'main.ts').count(), 0);
  assert.deepEqual(faults, []);
});

test('a session that begins in a browser with a folder: who joins by the start page is let in by the button, writes, follows, chats, and hears the end', async (t) => {
  const host = await openSessionPage(browser, `${pool.url}/session/`, { script: givesFolder });
  const guest = await openSessionPage(browser, `${pool.url}/`);
  for (const { page } of [host, guest]) t.after(async () => await page.context().close());
  await host.page.getByLabel('Your name').fill('Hilda');
  await host.page.getByRole('radio', { name: 'Green' }).check();
  await host.page.getByRole('radio', { name: 'A folder of this machine' }).check();
  await host.page.getByRole('button', { name: 'Start' }).click();
  await openFile(host.page, 'notes.md');
  assert.match(host.page.url(), /\/~[^/]+\/$/);
  await guest.page.getByLabel('Session code').fill(host.page.url());
  await guest.page.getByRole('button', { name: 'Join' }).click();
  await askToJoin(guest.page, 'Gustav');
  await eventually(
    async () => (await host.page.title()).startsWith('(1) '),
    'the tab shows that somebody asks',
  );
  await host.page.getByRole('button', { name: 'Let in Gustav' }).click();
  await openFile(guest.page, 'notes.md');
  await typeAtEnd(guest.page, 'notes.md', 'by the guest');
  await host.page.getByText('by the guest').waitFor();
  await eventually(
    async () => (await host.page.evaluate(readsBack)) === '# Notes\nby the guest',
    'it is on the disk',
  );
  assert.equal(await guest.page.getByRole('treeitem', { name: '.env' }).count(), 0);

  await guest.page.getByRole('button', { name: 'New file' }).click();
  await guest.page.getByLabel('Path').fill('project/plan.txt');
  await guest.page.getByRole('button', { name: 'Make' }).click();
  await editorOf(guest.page, 'plan.txt').waitFor();
  await openFile(host.page, 'plan.txt');
  await guest.page.getByRole('tab', { name: 'notes.md' }).click();
  await guest.page.getByRole('button', { name: 'Follow Hilda' }).click();
  await editorOf(guest.page, 'plan.txt').waitFor();

  await guest.page.getByLabel('Message to everybody').fill('hello');
  await guest.page.getByRole('button', { name: 'Send' }).click();
  await host.page.getByRole('log').getByText('hello').waitFor();
  const key = /~([^/]+)/.exec(host.page.url())![1]!;
  const [editor] = await Promise.all([
    enterEditor(t, pool.url, key, { name: 'Emil' }),
    host.page.getByRole('button', { name: 'Let in Emil' }).click(),
  ]);
  const text = await editor.open('project/notes.md', '# Notes\nby the guest');
  text.insert(text.length, ', and by an editor');
  await guest.page.getByRole('tab', { name: 'notes.md' }).click();
  await guest.page.getByText('by the guest, and by an editor').waitFor();
  const { fs } = editor.member.connection;
  assert.deepEqual(await fs.readdir(editor.hostId, 'project'), { 'notes.md': 1, 'plan.txt': 1 });
  await loseAndRemake('project/plan.txt', editor, [host.page, guest.page]);
  await guest.page.getByRole('tab', { name: 'notes.md' }).click();
  await editor.member.connection.editor.open(editor.hostId, 'project/none.txt');
  await fs.mkdir(editor.hostId, 'project/drafts');
  await guest.page.getByRole('treeitem', { name: 'drafts' }).waitFor();

  const isLocked = lockedOnceTold(guest.page);
  await host.page.getByLabel('Guests may only read').check();
  assert.equal(await isLocked, true, 'no key is taken once the page says so');
  await typeAtEnd(guest.page, 'notes.md', 'too late');
  await guest.page.keyboard.press('ControlOrMeta+z');
  assert.equal(await shownText(guest.page, 'notes.md'), text.toJSON());
  await assert.rejects(fs.mkdir(editor.hostId, 'project/more'), /read-only/);
  await host.page.getByRole('button', { name: 'End session' }).click();
  await host.page.getByText('You have ended the session.').waitFor();
  await guest.page.getByText('The host has ended the session.').waitFor();
  await guest.page.getByRole('button', { name: 'Save a copy of project/notes.md' }).waitFor();
  assert.equal(text.toJSON(), '# Notes\nby the guest, and by an editor');
  assert.deepEqual([...host.faults, ...guest.faults], []);
});

test('whoever reads the picture of a file goes on in its text when that comes, where they were', async (t) => {
  const mayShare = Promise.withResolvers<void>();
  const host = await startFileHost(t, pool, { files, mayShare: mayShare.promise });
  const { page, faults } = await openSessionPage(browser, `${pool.url}/~${host.key}/`);
  t.after(async () => await page.context().close());
  await askToJoin(page, 'Gustav');
  await openFile(page, 'main.ts');
  await page.getByText('The host is about to open this file.').waitFor();
  await typeAtEnd(page, 'main.ts', 'not yet');
  for (const key of ['ControlOrMeta+z', 'ControlOrMeta+Home', 'ArrowRight']) await page.keyboard.press(key);
  mayShare.resolve();
  await page.getByText('The host is about to open this file.').waitFor({ state: 'detached' });
  await eventually(
    async () => (await editorOf(page, 'main.ts').getAttribute('aria-readonly')) === 'false',
    'the text is there',
  );
  await page.keyboard.type('!');
  await eventually(
    () => host.text('src/main.ts').toJSON() === 'c!onst answer = 42;\n',
    'the host has what was typed',
  );
  assert.deepEqual(faults, []);
});

test('two sessions in two tabs share no cookie, and a tab that is loaded again is the same member, unasked', async (t) => {
  let asked = 0;
  const approves = (): boolean => (asked++, true);
  const hosts = await Promise.all([1, 2].map(async () => await startFileHost(t, pool, { files, approves })));
  const context = await browser.newContext();
  t.after(async () => await context.close());
  const tabs = await Promise.all(
    hosts.map(async ({ key }) => {
      const page = await context.newPage();
      await page.goto(`${pool.url}/~${key}/`);
      await askToJoin(page, 'Gustav');
      await openFile(page, 'main.ts');
      return page;
    }),
  );
  const cookies = (await context.cookies()).concat(
    ...(await Promise.all(hosts.map(async ({ key }) => await context.cookies(`${pool.url}/~${key}/`)))),
  );
  for (const { key } of hosts) {
    const own = cookies.filter(({ value }) => value === key);
    assert.ok(own.length > 0 && own.every(({ path }) => path === `/~${key}/`), JSON.stringify(cookies));
  }
  for (const page of tabs) {
    await page.reload();
    await openFile(page, 'main.ts');
    await typeAtEnd(page, 'main.ts', '// again');
  }
  for (const host of hosts) {
    await eventually(() => host.text('src/main.ts').toJSON().endsWith('// again'), 'the host has it');
    assert.equal(
      new Set([...host.awareness.getStates().values()].map((state) => state['peer'] as string)).size <= 2,
      true,
    );
  }
  assert.equal(asked, 2);
});

test('a guest who is refused is told so, a code that nobody has is no session, and the banner is shown', async (t) => {
  const text = 'Maintenance on Saturday';
  const told = await runCommand(t, ['banner', text, '--level', 'warning', '--data-dir', pool.dataDir]);
  assert.equal(told.code, 0, told.stderr);
  const host = await startFileHost(t, pool, { files, approves: () => false });
  const { page } = await openSessionPage(browser, `${pool.url}/~${host.key}/`);
  t.after(async () => await page.context().close());
  await askToJoin(page, 'Gustav');
  await page.getByRole('alert').getByText('The host did not let you in.').waitFor();
  await page.goto(`${pool.url}/~nobody-has-this`);
  assert.match(page.url(), /\/~nobody-has-this\/$/);
  await askToJoin(page, 'Gustav');
  await page.getByRole('alert').getByText('There is no session with this code.').waitFor();
  await page.getByText(text).waitFor();
});

test('every screen is accessible in dark on a phone, and none is wider than its screen', async (t) => {
  await lookAtSession(t, { pool, browser, screens: [darkPhone] });
});
