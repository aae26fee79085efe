/**
 * Pages stay while their edges are stopped and their sessions move, and what their upgrades bear: as tests for which the caller
 * says whether a page is at the address of its session, which has a cookie of its own, or at that of the front door.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { openPage } from './browser.ts';
import { startByteProxy } from './byte-proxy.ts';
import { allHear, areBack, asHeard, reportsOf, stopAndMove, talk } from './guest-pages.ts';
import type { GuestPages, Heard } from './guest-pages.ts';
import { logIn } from './oct-client.ts';
import { eventually } from './oct-inbox.ts';
import { enterPoolHost, moveElsewhere } from './oct-moves.ts';
import { speakAs } from './oct-speakers.ts';
import type { Documents, Guests } from './pages/page-interfaces.ts';
import type { Pool } from './pool.ts';
import { openDocument } from './y-document.ts';

/** A way to the front door on which the heads of WebSocket upgrades are kept. */
async function watchUpgrades(t: TestContext, pool: Pool): Promise<{ url: string; heads: readonly string[] }> {
  const path = await startByteProxy(t, pool);
  const heads: string[] = [];
  path.onBytesUp = (bytes) => {
    const head = bytes.toString('latin1');
    if (/^GET .*\r\nupgrade: websocket\r\n/is.test(head)) heads.push(head);
  };
  return { url: path.url, heads };
}

/** Declares the test. */
export function testTabs({ pool, openJar }: GuestPages, hasPrefix: boolean): void {
  const bears = hasPrefix ? 'sid, path and the session’s own cookie' : 'sid alone';
  void test(`two tabs with a session each stay through stops and moves; upgrades bear ${bears}`, async (t) => {
    const { url, heads } = await watchUpgrades(t, pool);
    const jar = await openJar(t);
    const tabs = await Promise.all(
      ['bob', 'cid'].map(async (name) => {
        const ann = await enterPoolHost(t, pool);
        const base = hasPrefix ? `${url}/~${ann.key}/` : `${url}/`;
        const page = await openPage(jar, base, 'oct-page.ts');
        const loginToken = await logIn(pool.url, name);
        await page.evaluate(
          async ({ base, key, loginToken }) =>
            await (globalThis as unknown as { guests: Guests }).guests.join(base, key, loginToken),
          { base, key: ann.key, loginToken },
        );
        await areBack(page, 0);
        const bornAt = await page.evaluate(() => performance.timeOrigin);
        return { key: ann.key, page, bornAt, host: speakAs('ann', ann, undefined) };
      }),
    );
    let n = 0;
    const talking = setInterval(() => tabs.forEach(({ host }) => void host.say(n++)), 20);
    t.after(() => clearInterval(talking));
    for (const { page } of tabs) await talk(page, true);
    for (const { key, page } of tabs) await stopAndMove(pool, key, page);
    clearInterval(talking);
    for (const { key, page, bornAt, host } of tabs) {
      await talk(page, false);
      const { log, id } = host;
      const ann: Heard = { id, sent: log.sent, heardFrom: (origin) => log.heardFrom(origin) };
      await allHear(async () => [ann, ...(await reportsOf(page)).map(asHeard)]);
      const [report] = await reportsOf(page);
      assert.ok(report!.returns.every((isExact) => isExact));
      assert.deepEqual([...new Set(report!.reasons)], ['transport error']);
      assert.equal(
        await page.evaluate(() => performance.timeOrigin),
        bornAt,
        'the page was not loaded again',
      );
      checkUpgrades(heads, key, hasPrefix);
    }
    t.diagnostic(`${heads.length} upgrades`);
  });
}

function checkUpgrades(heads: readonly string[], key: string, hasPrefix: boolean): void {
  const own = heads.filter((head) => head.includes(`sid=${key}~`));
  assert.ok(own.length >= 3, 'one to begin with, one for the stop, one for the move');
  for (const head of own) {
    assert.match(head, hasPrefix ? new RegExp(`^GET /~${key}/socket\\.io/`) : /^GET \/socket\.io\//);
    assert.doesNotMatch(head, /\r\n(x-oct-jwt|ctstickiness):/i);
    const cookies = [...head.matchAll(/\r\ncookie: (.*)\r\n/gi)].map(([, cookie]) => cookie);
    assert.deepEqual(cookies, hasPrefix ? [`ctstickiness=${key}`] : []);
  }
}

/** Declares the test. */
export function testDocumentPage({ pool, openJar }: GuestPages, hasPrefix: boolean): void {
  const bears = hasPrefix ? 'path and cookie' : 'the path alone';
  void test(`y-websocket clients of both majors in a page converge over a stop and a move, by ${bears}`, async (t) => {
    const key = hasPrefix ? 'page-with-prefix' : 'page-at-the-root';
    const { url, heads } = await watchUpgrades(t, pool);
    const base = hasPrefix ? `${url}/~${key}/` : `${url}/`;
    const page = await openPage(await openJar(t), base, 'y-page.ts');
    if (hasPrefix) await page.evaluate(async () => void (await fetch('ct-health/')));
    const server = `${base.replace('http', 'ws')}y/${key}`;
    for (const release of ['2', '3'] as const) {
      await page.evaluate(
        ({ server, release }) =>
          (globalThis as unknown as { documents: Documents }).documents.open(server, 'notes', release),
        { server, release },
      );
    }
    const node = await openDocument(t, pool.url, { key, name: 'notes' });
    const texts = async (): Promise<string[]> => [
      node.text.toJSON(),
      ...(await page.evaluate(() => (globalThis as unknown as { documents: Documents }).documents.texts())),
    ];
    const lines: string[] = [];
    const write = async (): Promise<void> => {
      const line = `line ${lines.length}\n`;
      await page.evaluate(
        (line) => (globalThis as unknown as { documents: Documents }).documents.write(line),
        line,
      );
      node.text.insert(0, line);
      // Each of the three wrote it.
      lines.push(line, line, line);
    };
    const agree = async (): Promise<boolean> => {
      const [first, ...others] = await texts();
      const written = first!.split(/(?<=\n)/).toSorted();
      return others.every((text) => text === first) && written.join('') === lines.toSorted().join('');
    };
    await write();
    await eventually(agree, 'all have all');
    process.kill(await pool.childPid(await pool.edgeOf(key)), 'SIGTERM');
    await write();
    await eventually(async () => node.losses() > 0, 'the connections ended');
    await write();
    await eventually(agree, 'all have all after the stop, once');
    await eventually(
      async () => (await pool.edges()).filter(({ state }) => state === 'ready').length === 3,
      'all edges are ready',
    );
    await moveElsewhere(pool, key);
    await write();
    await eventually(agree, 'all have all after the move, once');
    assert.ok(heads.length >= 6, 'two to begin with, two for the stop, two for the move');
    for (const head of heads) {
      assert.ok(head.startsWith(`GET ${hasPrefix ? `/~${key}` : ''}/y/${key}/notes`));
      const cookies = [...head.matchAll(/\r\ncookie: (.*)\r\n/gi)].map(([, cookie]) => cookie);
      assert.deepEqual(cookies, hasPrefix ? [`ctstickiness=${key}`] : []);
    }
  });
}
