/**
 * The unmodified clients in a real browser, behind the front door: pages stay while their edges are stopped and
 * their sessions move, nothing is lost, doubled or out of order, and their upgrades are routed by what they bear.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionTokens } from '#shared/session-token.ts';
import { openPage } from '../support/browser.ts';
import {
  allHear,
  areBack,
  asHeard,
  openGuestPages,
  reportsOf,
  stopAndMove,
  talk,
} from '../support/guest-pages.ts';
import type { Heard } from '../support/guest-pages.ts';
import { WireLog, sealedFor } from '../support/oct-envelopes.ts';
import { eventually } from '../support/oct-inbox.ts';
import { connectRaw, idOf, makePublicKey, signMember } from '../support/oct-raw.ts';
import { testDocumentPage, testTabs } from '../support/page-moves.ts';
import type { Guests } from '../support/pages/page-interfaces.ts';
import { socketIoReleases } from '../support/socket-io-releases.ts';

const pages = openGuestPages();
const { pool, openJar } = pages;

testTabs(pages, true);

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
  await stopAndMove(pool, key, page);
  clearInterval(talking);
  await talk(page, false);
  const host: Heard = { id, sent: log.sent, heardFrom: (origin) => log.heardFrom(origin) };
  await allHear(async () => [host, ...(await reportsOf(page)).map(asHeard)]);
  for (const { reasons, returns } of await reportsOf(page)) {
    assert.deepEqual(returns, [true, true]);
    assert.deepEqual(reasons, ['transport error', 'transport error']);
  }
});

testDocumentPage(pages, true);
