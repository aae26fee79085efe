/**
 * Connections that break at any byte, hang, or are stopped by a planned end of the edge, under the newest clients, beside the
 * oldest one where they are mixed: nothing that the edge has taken in is lost, doubled or out of order.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startByteProxy } from '../../test/support/byte-proxy.ts';
import { joinSession } from '../../test/support/oct-client.ts';
import {
  checkNoGap,
  testCutsOfLibraries,
  testHang,
  testPlannedStop,
  testRandomCuts,
} from '../../test/support/oct-cuts.ts';
import { startOctEdge } from '../../test/support/oct-edge.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { clientOptions, enterGuest, enterHost, heardBy, hears } from '../../test/support/oct-session.ts';
import { transportChoices } from '../../test/support/socket-io-releases.ts';

for (const transports of transportChoices) {
  testRandomCuts(transports);
  testPlannedStop('4.8', transports);
}
testCutsOfLibraries('0.3.3', '0.3.0');
testHang('0.3.3');

test('a join question that a hanging connection swallowed is asked again, once', async (t) => {
  const edge = await startOctEdge(t);
  const path = await startByteProxy(t, edge);
  let asked = 0;
  const approves = (): boolean => ++asked > 0;
  const ann = await enterHost(t, edge, { url: path.url, approves });
  await eventually(() => edge.adapter.load().websockets === 1, 'no other connection is to come');
  path.hang();
  const joining = joinSession(await clientOptions(edge, 'bob'), ann.key);
  const before = edge.adapter.load().outboxBytes;
  await eventually(() => edge.adapter.load().outboxBytes > before, 'the question is on its way');
  path.giveUp();
  const bob = await joining;
  t.after(() => bob.dispose());
  assert.equal(asked, 1);
  await checkNoGap(edge);
});

test('a client that does not answer delays a planned stop by the grace, no more, and comes back', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const path = await startByteProxy(t, edge);
  const bob = await enterGuest(t, edge, ann.key, { url: path.url });
  await eventually(() => edge.adapter.load().websockets === 2, 'no other connection is to come');
  path.hang();
  await edge.restart();
  await ann.events.next((event) => event.kind === 'reconnected', 'the return of who answers');
  path.giveUp();
  await bob.events.next((event) => event.kind === 'reconnected', 'the return of who did not');
  await eventually(() => edge.adapter.load().members === 2, 'both are back');
  await ann.connection.chat.sendMessage('still here');
  await hears(bob, ann, 'still here');
  assert.deepEqual(heardBy(bob), ['still here']);
});
