/** An editor in a browser is a page of another origin than the front door's: Theia, code-server, a page of one's own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServer } from '#shared/node-http.ts';
import { openBrowser, openPage } from '../support/browser.ts';
import { hostSession, logIn } from '../support/oct-client.ts';
import type { EditorInPage } from '../support/pages/page-interfaces.ts';
import { startPool } from '../support/pool.ts';

test('a page of another origin logs in, hosts a session and joins one, by the stock library', async (t) => {
  const [pool, browser] = await Promise.all([startPool(t), openBrowser()]);
  t.after(async () => await browser.close());
  const elsewhere = createServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>An editor</title>');
  }).listen(0, '127.0.0.1');
  t.after(() => elsewhere.close());
  await once(elsewhere, 'listening');
  const { port } = elsewhere.address() as AddressInfo;
  const page = await openPage(
    await browser.newContext(),
    `http://127.0.0.1:${port}/`,
    'other-origin-page.ts',
  );
  const url = `${pool.url}/`;

  const key = await page.evaluate(
    async (url) => await (globalThis as unknown as { editor: EditorInPage }).editor.host(url),
    url,
  );
  assert.ok(await pool.edgeOf(key));

  const host = await hostSession({ url: pool.url, loginToken: await logIn(pool.url, 'cid') });
  t.after(() => host.dispose());
  const greetedBy = await page.evaluate(
    async ({ url, key }) => await (globalThis as unknown as { editor: EditorInPage }).editor.join(url, key),
    { url, key: host.key },
  );
  assert.equal(greetedBy, 'cid');
});
