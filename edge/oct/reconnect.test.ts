/** Lost connections, stopped edges and dropped sessions, with the clients' own libraries and their own way back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinSession } from '../../test/support/oct-client.ts';
import type { OctMember } from '../../test/support/oct-client.ts';
import { startOctEdge } from '../../test/support/oct-edge.ts';
import type { OctEdge } from '../../test/support/oct-edge.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import {
  clientOptions,
  countEvents,
  enterGuest,
  enterHost,
  heardBy,
  hears,
} from '../../test/support/oct-session.ts';

/** Breaks members' connections, and keeps them from coming back until `letBack` is called with them. */
async function cutOff(
  edge: OctEdge,
  ...members: readonly OctMember[]
): Promise<{ letBack: (member: OctMember) => Promise<void> }> {
  const away = new Set(members.map(({ roomToken }) => roomToken));
  const expected = edge.adapter.load().members - members.length;
  edge.refuses = (request) => away.has(String(request.headers['x-oct-jwt']));
  for (const { socket } of members) socket!.io.engine.close();
  await eventually(() => edge.adapter.load().members === expected, 'the edge misses the members');
  return {
    letBack: async (member) => {
      const before = member.events.items.length;
      away.delete(member.roomToken);
      await member.events.after(before, (event) => event.kind === 'reconnected', 'the return');
    },
  };
}

test('a guest who was away is the same member and gets what was said meanwhile', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  const { letBack } = await cutOff(edge, bob);
  await ann.connection.chat.sendMessage('while you were away');
  // Ends when it has been sent, which is after the return: to await it here would be to wait for ever.
  const said = bob.connection.chat.sendMessage('while I was away');
  await letBack(bob);
  await said;
  await hears(bob, ann, 'while you were away');
  await hears(ann, bob, 'while I was away');
  assert.deepEqual(
    [countEvents(bob, 'identity'), countEvents(ann, 'joined'), countEvents(ann, 'left')],
    [1, 1, 0],
  );
});

test('a guest who is back before its host is not lost', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  const { letBack } = await cutOff(edge, ann, bob);
  await letBack(bob);
  await bob.connection.chat.sendMessage('anybody here?');
  await letBack(ann);
  await hears(ann, bob, 'anybody here?');
  await ann.connection.chat.sendMessage('now I am');
  await hears(bob, ann, 'now I am');
});

test('who asks to join while the host is away is let in when it is back', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const { letBack } = await cutOff(edge, ann);
  const bob = joinSession(await clientOptions(edge, 'bob'), ann.key);
  await eventually(() => edge.adapter.load().members === 0, 'the host is away');
  await letBack(ann);
  const member = await bob;
  t.after(() => member.dispose());
  assert.equal(member.self.host, false);
});

test('a request to a member who is away is answered after its return', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  ann.connection.fs.onReadFile(() => ({ content: new Uint8Array([7]) }));
  const { letBack } = await cutOff(edge, ann);
  const before = edge.adapter.load().outboxBytes;
  const file = bob.connection.fs.readFile(ann.self.id, 'a');
  await eventually(() => edge.adapter.load().outboxBytes > before, 'the request waits');
  await letBack(ann);
  assert.deepEqual([...(await file).content], [7]);
  await eventually(() => edge.adapter.load().outboxBytes === 0, 'everybody has confirmed everything');
});

test('a request that is not answered in 30 seconds fails for its sender', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  ann.connection.fs.onReadFile(async () => {
    resolve();
    return await Promise.withResolvers<never>().promise;
  });
  const file = bob.connection.fs.readFile(ann.self.id, 'a');
  await asked;
  edge.advance(30_000);
  await assert.rejects(file, /not answered/);
});

test('a host who stays away ends the session, and its guests do not come back', async (t) => {
  const edge = await startOctEdge(t, { CT_HOST_GRACE_MS: 5_000 });
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  await cutOff(edge, ann);
  const cid = joinSession(await clientOptions(edge, 'cid'), ann.key);
  const refusal = assert.rejects(cid, (error: { code?: string }) =>
    ['RoomNotFound', 'JoinRequestNotFound'].includes(error.code ?? ''),
  );
  edge.advance(5_000);
  await bob.events.next((event) => event.kind === 'closed', 'the end of the session');
  await eventually(() => !bob.socket!.active, 'the guest’s client has given up');
  await refusal;
  assert.equal(edge.adapter.load().sessions, 0);
});

test('a guest who stays away leaves, and joins anew with its token', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  const { letBack } = await cutOff(edge, bob);
  edge.advance(30_000);
  await ann.events.next((event) => event.kind === 'left', 'the departure');
  const known = bob.events.items.length;
  await letBack(bob);
  await bob.events.after(known, (event) => event.kind === 'init', 'a new greeting');
  assert.deepEqual([countEvents(bob, 'identity'), countEvents(ann, 'joined')], [2, 2]);
  await bob.connection.chat.sendMessage('again');
  await hears(ann, bob, 'again');
});

test('a member who missed more than is kept begins anew as the same member', async (t) => {
  const edge = await startOctEdge(t, { CT_SEND_BUFFER_MAX_BYTES: 100_000 });
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  const { letBack } = await cutOff(edge, bob);
  const before = edge.adapter.load().messages;
  for (let i = 0; i < 2; i++)
    await ann.connection.sync.dataUpdate(crypto.getRandomValues(new Uint8Array(60_000)));
  await eventually(() => edge.adapter.load().messages >= before + 2, 'both are taken in');
  assert.ok(edge.adapter.load().outboxBytes <= 3 * 100_000, 'what is kept is bounded');
  const known = bob.events.items.length;
  await letBack(bob);
  await bob.events.after(known, (event) => event.kind === 'init', 'a new greeting');
  assert.equal(bob.socket!.recovered, false);
  assert.equal(countEvents(ann, 'left'), 0);
  const identities = bob.events.items.filter((event) => event.kind === 'identity');
  assert.deepEqual(
    identities.map(({ peer }) => peer.id),
    [bob.self.id, bob.self.id],
  );
  assert.equal(await edge.gaps('outbox-bytes-exceeded'), 1);
  await ann.connection.chat.sendMessage('welcome back');
  await hears(bob, ann, 'welcome back');
});

for (const pollingOnly of [false, true]) {
  test(`members go on after a planned stop of their edge (${pollingOnly ? 'polling' : 'WebSocket'})`, async (t) => {
    const edge = await startOctEdge(t);
    const ann = await enterHost(t, edge, { pollingOnly });
    const bob = await enterGuest(t, edge, ann.key, { pollingOnly });
    const ids = [ann.self.id, bob.self.id];
    await edge.restart();
    for (const member of [ann, bob])
      await member.events.next((event) => event.kind === 'reconnected', 'the return');
    await eventually(() => edge.adapter.load().members === 2, 'both are back');
    await bob.connection.chat.sendMessage('still here');
    await hears(ann, bob, 'still here');
    await ann.connection.chat.sendMessage('so am I');
    await hears(bob, ann, 'so am I');
    const known = ann.events.items.concat(bob.events.items).filter((event) => event.kind === 'identity');
    for (const { peer } of known) assert.ok(ids.includes(peer.id), 'a member keeps its id');
    assert.deepEqual([heardBy(ann), heardBy(bob)], [['still here'], ['so am I']]);
    assert.equal(edge.openConnections(ann.key), 2);
  });
}

test('a session that the edge had to drop goes on where its members come back to', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  edge.adapter.dropSession(ann.key as never, 'fenced');
  assert.equal(edge.adapter.load().sessions, 0);
  for (const member of [ann, bob])
    await member.events.next((event) => event.kind === 'reconnected', 'the return');
  await eventually(() => edge.adapter.load().members === 2, 'both are back');
  await bob.connection.chat.sendMessage('still here');
  await hears(ann, bob, 'still here');
});
