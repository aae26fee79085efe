/** Sessions that outlive their edge, with the clients' own libraries: after a crash, and where two edges believe they own one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { decodeJwt } from 'jose';
import { errorTable } from '#shared/errors.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { MemoryRosters } from '../../test/support/memory-rosters.ts';
import type { OctMember } from '../../test/support/oct-client.ts';
import { startOctEdge } from '../../test/support/oct-edge.ts';
import type { OctEdge } from '../../test/support/oct-edge.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { connectRaw, idOf, signMember } from '../../test/support/oct-raw.ts';
import { clientOptions, countEvents, enterGuest, enterHost, hears } from '../../test/support/oct-session.ts';
import { joinSession } from '../../test/support/oct-client.ts';
import { birthFrom } from '../core/session-state.ts';
import { packHandover } from './handover.ts';

/** The edge dies, and every member is introduced anew at the next one. */
async function crashUnder(edge: OctEdge, ...members: readonly OctMember[]): Promise<void> {
  const known = members.map(({ events }) => events.items.length);
  await edge.crash();
  for (const [i, { events }] of members.entries())
    await events.after(known[i]!, (event) => event.kind === 'identity', 'the introduction');
}

function clockOf({ roomToken }: OctMember): number {
  return Number(decodeJwt(roomToken)['roomClock']);
}

async function isRefused(
  t: TestContext,
  edge: OctEdge,
  token: string,
  code: 'member-banned' | 'session-ended',
) {
  const client = connectRaw(t, edge, { token });
  const refusal = await client.events.next((event) => event.kind === 'refused', 'the refusal');
  assert.deepEqual(refusal, { kind: 'refused', message: errorTable[code].message });
}

test('after a crash everybody is the same member, has a declared gap, and goes on', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  await crashUnder(edge, ann, bob);
  for (const { events, self, socket } of [ann, bob]) {
    const peers = events.items.filter((event) => event.kind === 'identity').map(({ peer }) => peer);
    assert.deepEqual(peers, [self, self]);
    assert.equal(socket!.recovered, false);
  }
  assert.equal(await edge.gaps('offset-unknown'), 2, 'no client went on as if nothing was missed');
  assert.equal(countEvents(ann, 'left') + countEvents(bob, 'left'), 0);
  await bob.connection.chat.sendMessage('still here');
  await hears(ann, bob, 'still here');
});

test('a guest who left, one who is banned and the clock are as they were after a crash', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  const eve = await enterGuest(t, edge, ann.key, { name: 'eve' });
  const key = ann.key as AffinityKey;
  await edge.adapter.removeMember(key, eve.self.id, true);
  await bob.connection.room.leave();
  await ann.events.next((event) => event.kind === 'left' && event.peer.id === bob.self.id, 'the departure');
  await crashUnder(edge, ann);
  assert.deepEqual(
    edge.adapter.describeMembers(key)!.map(({ id }) => id),
    [ann.self.id],
  );
  await isRefused(t, edge, eve.roomToken, 'member-banned');
  const cid = await enterGuest(t, edge, key, { name: 'cid' });
  assert.ok(clockOf(cid) > Math.max(clockOf(bob), clockOf(eve)), 'no two joins have the same clock');
});

test('a session that has ended stays so after a crash, and a new one with its key is another one', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  await edge.adapter.endSession(ann.key as AffinityKey);
  await ann.events.next((event) => event.kind === 'closed', 'the end');
  await edge.crash();
  await isRefused(t, edge, ann.roomToken, 'session-ended');
  assert.equal(edge.adapter.load().sessions, 0, 'no session began again');
  const next = await enterHost(t, edge, { url: `${edge.url}/~${ann.key}` });
  await edge.crash();
  await isRefused(t, edge, ann.roomToken, 'session-ended');
  assert.equal(next.key, ann.key);
});

test('a session is there for its administrator before a member is back', async (t) => {
  const edge = await startOctEdge(t);
  const ann = connectRaw(t, edge, { token: await signMember(edge, 'ann', { host: true }) });
  const id = await idOf(ann);
  await edge.crash();
  const exchange = { key: 'key' as AffinityKey, epoch: 2 as Epoch, exchangeId: 'test', target: '/' };
  await edge.adapter.recall(exchange);
  const [member] = edge.adapter.describeMembers(exchange.key)!;
  assert.deepEqual([member!.id, member!.transport], [id, 'away']);
});

test('an edge whose session went on elsewhere writes nothing more, and closes its sockets', async (t) => {
  const rosters = new MemoryRosters();
  const stale = await startOctEdge(t, {}, { rosters });
  const next = await startOctEdge(t, {}, { rosters, epoch: 2 });
  const host = await signMember(stale, 'ann', { host: true });
  const guest = await signMember(stale, 'bob');
  const ann = connectRaw(t, stale, { token: host });
  const bob = connectRaw(t, stale, { token: guest });
  await Promise.all([idOf(ann), idOf(bob)]);
  const annAgain = connectRaw(t, next, { token: host });
  await idOf(annAgain);
  const written = rosters.writes;
  bob.send({
    ...plain,
    kind: 'notification',
    origin: '',
    target: '',
    content: { method: 'room/leave', params: [] },
  });
  for (const { events } of [ann, bob])
    await events.next((event) => event.kind === 'disconnected', 'the end of the connection');
  assert.equal(rosters.writes, written, 'the late write has not landed');
  assert.equal(stale.adapter.load().sessions, 0);
  assert.deepEqual(
    new Set(next.adapter.describeMembers('key' as AffinityKey)!.map(({ name }) => name)),
    new Set(['ann', 'bob']),
  );
});

const plain = {
  version: '0.3.0',
  metadata: { encryption: { keys: [] }, compression: { algorithm: 'none' } },
};

test('a roster of another version is refused with a code, and nobody is let in as if there were none', async (t) => {
  const rosters = new MemoryRosters();
  const edge = await startOctEdge(t, {}, { rosters });
  const ref = { key: 'key' as AffinityKey, epoch: 1 as Epoch };
  await rosters.claim(ref);
  const bytes = packHandover({ snapshot: { version: 99 } as never, cards: [] });
  await rosters.save(ref, { birth: birthFrom(1), bytes });
  await assert.rejects(joinSession(await clientOptions(edge, 'bob'), 'key'), /not one that this edge reads/);
  const client = connectRaw(t, edge, { token: await signMember(edge, 'ann', { host: true }) });
  await client.events.next((event) => event.kind !== 'message', 'the end of the attempt');
  await eventually(async () => (await edge.refusals('snapshot-refused')) === 2, 'both are counted');
  assert.equal(edge.adapter.load().sessions, 0);
});
