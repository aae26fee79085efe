/** The session page as people use it: a real pool, a host with the unmodified library of editors, real Chromium. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { ensureBuilt } from '../../proxy/dashboard/build.ts';
import { openBrowser } from '../support/browser.ts';
import { startFileHost } from '../support/file-host.ts';
import { eventually } from '../support/oct-inbox.ts';
import { openPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';
import {
  askToJoin,
  editorOf,
  openFile,
  openSessionPage,
  shownText,
  typeAtEnd,
} from '../support/session-page.ts';

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

const files = { 'src/main.ts': 'const answer = 42;\n', 'src/lib/tool.py': 'print(1)\n' };

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
  await openFile(page, 'main.ts');
  await typeAtEnd(page, 'main.ts', '// from the page');
  const path = 'src/main.ts';
  await eventually(
    () => host.text(path).toJSON().endsWith('// from the page'),
    'the host has what was typed',
  );
  host.text(path).insert(0, '// from the host\n');
  host.point(path, 3);
  await page.locator('.remote-cursor', { hasText: 'Hilda' }).waitFor();
  assert.equal(await shownText(page, 'main.ts'), host.text(path).toJSON());
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
