/**
 * The unmodified clients in a real browser, behind the front door: pages stay while their edges are stopped and
 * their sessions move, nothing is lost, doubled or out of order, and their upgrades are routed by what they bear.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { SessionTokens } from '#shared/session-token.ts';
import { openBrowser, openPage } from '../support/browser.ts';
import { startByteProxy } from '../support/byte-proxy.ts';
import { logIn } from '../support/oct-client.ts';
import { WireLog, sealedFor } from '../support/oct-envelopes.ts';
import type { SpeakerReport } from '../support/oct-envelopes.ts';
import { eventually } from '../support/oct-inbox.ts';
import { enterPoolHost, moveElsewhere } from '../support/oct-moves.ts';
import { connectRaw, idOf, makePublicKey, signMember } from '../support/oct-raw.ts';
import { speakAs } from '../support/oct-speakers.ts';
import type { Documents, Guests } from '../support/pages/page-interfaces.ts';
import { openPool } from '../support/pool.ts';
import { socketIoReleases } from '../support/socket-io-releases.ts';
import { openDocument } from '../support/y-document.ts';

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

/** A jar of cookies that ends with the test; pages of the front door allow no script but their own, so it lets ours in. */
async function openJar(t: TestContext): Promise<BrowserContext> {
  const jar = await browser!.newContext({ bypassCSP: true });
  t.after(async () => await jar.close());
  return jar;
}

/** A way to the front door on which the heads of WebSocket upgrades are kept. */
async function watchUpgrades(t: TestContext): Promise<{ url: string; heads: readonly string[] }> {
  const path = await startByteProxy(t, pool);
  const heads: string[] = [];
  path.onBytesUp = (bytes) => {
    const head = bytes.toString('latin1');
    if (/^GET .*\r\nupgrade: websocket\r\n/is.test(head)) heads.push(head);
  };
  return { url: path.url, heads };
}

async function reportsOf(page: Page): Promise<SpeakerReport[]> {
  return await page.evaluate(() =>
    (globalThis as unknown as { guests: Guests }).guests.speakers.map((speaker) => speaker.report()),
  );
}

async function talk(page: Page, isTalking: boolean): Promise<void> {
  await page.evaluate((isTalking) => {
    for (const speaker of (globalThis as unknown as { guests: Guests }).guests.speakers)
      if (isTalking) speaker.talk(20);
      else speaker.silence();
  }, isTalking);
}

/** Everybody in the page has come back so often, and each is on WebSocket again. */
async function areBack(page: Page, times: number): Promise<void> {
  await eventually(
    async () =>
      (await reportsOf(page)).every(({ isOnWebSocket, returns }) => isOnWebSocket && returns.length >= times),
    `the page is back ${times} times, and on WebSocket`,
  );
}

/** Stops the edge of a session as for an update, and once all edges are there again, moves the session. */
async function stopAndMove(key: string, page: Page): Promise<void> {
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

interface Heard {
  readonly id: string;
  readonly sent: readonly string[];
  heardFrom(origin: string): readonly string[];
}

async function allHear(members: () => Promise<readonly Heard[]>): Promise<void> {
  const isComplete = (all: readonly Heard[]): boolean =>
    all.every((from) => all.every((to) => to === from || to.heardFrom(from.id).at(-1) === from.sent.at(-1)));
  await eventually(async () => isComplete(await members()), 'the last words are heard');
  const all = await members();
  for (const from of all) {
    assert.ok(from.sent.length > 100);
    for (const to of all) if (to !== from) assert.deepEqual(to.heardFrom(from.id), from.sent);
  }
}

function asHeard({ id, sent, heard }: SpeakerReport): Heard {
  return { id, sent, heardFrom: (origin) => heard[origin] ?? [] };
}

for (const hasPrefix of [false, true]) {
  const bears = hasPrefix ? 'sid, path and the session’s own cookie' : 'sid alone';
  test(`two tabs with a session each stay through stops and moves; upgrades bear ${bears}`, async (t) => {
    const { url, heads } = await watchUpgrades(t);
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
    for (const { key, page } of tabs) await stopAndMove(key, page);
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

test('Socket.IO clients of all releases in one page lose nothing by a stop and a move', async (t) => {
  const key = 'three-releases';
  const place = { url: pool.url, tokens: new SessionTokens(pool.secret('session'), 1) };
  const token = await signMember(place, 'ann', { key, host: true });
  const ann = connectRaw(t, pool, { token, transports: ['polling', 'websocket'], reconnects: true });
  const log = new WireLog(ann.socket);
  const page = await openPage(await openJar(t), `${pool.url}/`, 'socket-io-page.ts');
  for (const release of socketIoReleases) {
    const ticket = {
      release,
      token: await signMember(place, release, { key }),
      publicKey: makePublicKey(2_048),
    };
    await page.evaluate(
      (ticket) => (globalThis as unknown as { guests: Guests }).guests.enter(ticket),
      ticket,
    );
  }
  await areBack(page, 0);
  await eventually(async () => (await reportsOf(page)).every(({ id }) => id !== ''), 'all are introduced');
  const id = await idOf(ann);
  const ids = [id, ...(await reportsOf(page)).map((report) => report.id)];
  await page.evaluate((ids) => (globalThis as unknown as { guests: Guests }).guests.know(ids), ids);
  let n = 0;
  const say = (): void =>
    ann.send(sealedFor(ids, { kind: 'broadcast', content: new TextEncoder().encode(`ann says ${n++}`) }));
  const talking = setInterval(say, 5);
  t.after(() => clearInterval(talking));
  await talk(page, true);
  await stopAndMove(key, page);
  clearInterval(talking);
  await talk(page, false);
  const host: Heard = { id, sent: log.sent, heardFrom: (origin) => log.heardFrom(origin) };
  await allHear(async () => [host, ...(await reportsOf(page)).map(asHeard)]);
  for (const { reasons, returns } of await reportsOf(page)) {
    assert.deepEqual(returns, [true, true]);
    assert.deepEqual(reasons, ['transport error', 'transport error']);
  }
});

for (const hasPrefix of [false, true]) {
  const bears = hasPrefix ? 'path and cookie' : 'the path alone';
  test(`y-websocket clients of both majors in a page converge over a stop and a move, by ${bears}`, async (t) => {
    const key = hasPrefix ? 'page-with-prefix' : 'page-at-the-root';
    const { url, heads } = await watchUpgrades(t);
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
