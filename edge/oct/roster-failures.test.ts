/**
 * A store of rosters that hangs or fails under running sessions: those who are in go on, those who come are refused
 * with a code, and when the store is back it gets what happened meanwhile.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AffinityKey } from '#shared/ids.ts';
import { joinSession } from '../../test/support/oct-client.ts';
import { startOctEdge } from '../../test/support/oct-edge.ts';
import type { OctEdge } from '../../test/support/oct-edge.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { connectRaw, signMember } from '../../test/support/oct-raw.ts';
import { clientOptions, countEvents, enterGuest, enterHost, hears } from '../../test/support/oct-session.ts';

const unavailable = /nobody can be let in/;

/** The store is back, and gets what it missed. */
async function mendStore(edge: OctEdge): Promise<void> {
  await eventually(async () => (await edge.rostersBehind()) === 1, 'an administrator can see it');
  edge.rosters.isBroken = false;
  await eventually(async () => (await edge.rostersBehind()) === 0, 'the store has caught up');
}

test('while a write hangs members hear each other, and nobody hears of what it is to hold', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  const release = edge.rosters.hold();
  const joined = countEvents(ann, 'joined');
  const token = await signMember(edge, 'cid', { key: ann.key, clock: clockIn(ann.roomToken) + 9 });
  const cid = connectRaw(t, edge, { token });
  await bob.connection.chat.sendMessage('while it hangs');
  await hears(ann, bob, 'while it hangs');
  await ann.connection.chat.sendMessage('so do I hear you');
  await hears(bob, ann, 'so do I hear you');
  assert.equal(countEvents(ann, 'joined'), joined);
  assert.deepEqual(cid.events.items, []);
  release();
  await cid.call('peer/info');
  await ann.events.next((event) => event.kind === 'joined' && event.peer.name === 'cid', 'the newcomer');
});

function clockIn(token: string): number {
  const payload = Buffer.from(token.split('.')[1]!, 'base64url').toString('utf8');
  return (JSON.parse(payload) as { roomClock: number }).roomClock;
}

test('where the store fails nobody creates or joins, with a code that says so', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  edge.rosters.isBroken = true;
  await assert.rejects(enterHost(t, edge), unavailable);
  await assert.rejects(joinSession(await clientOptions(edge, 'bob'), ann.key), unavailable);
  assert.equal(await edge.refusals('roster-unavailable'), 2);
  await mendStore(edge);
  await enterGuest(t, edge, ann.key);
});

test('where the store fails those who are in go on, may leave, and come back after a break', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  const cid = await enterGuest(t, edge, ann.key, { name: 'cid' });
  edge.rosters.isBroken = true;
  await cid.connection.room.leave();
  await ann.events.next((event) => event.kind === 'left' && event.peer.id === cid.self.id, 'the departure');
  bob.socket!.io.engine.close();
  await bob.events.next((event) => event.kind === 'reconnected', 'the return');
  await bob.connection.chat.sendMessage('we go on');
  await hears(ann, bob, 'we go on');
  await mendStore(edge);
  const known = ann.events.items.length;
  await edge.crash();
  await ann.events.after(known, (event) => event.kind === 'identity', 'the introduction');
  const names = edge.adapter.describeMembers(ann.key as AffinityKey)!.map(({ name }) => name);
  assert.deepEqual(
    new Set(names),
    new Set(['ann', 'bob']),
    'the departure was written when the store was back',
  );
});

test('where the store fails an administrator’s word is refused, and nothing has happened', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  const key = ann.key as AffinityKey;
  edge.rosters.isBroken = true;
  const refusal = { code: 'roster-unavailable' };
  await assert.rejects(edge.adapter.removeMember(key, bob.self.id, true), refusal);
  await assert.rejects(edge.adapter.endSession(key), refusal);
  assert.equal(edge.adapter.load().members, 2);
  await mendStore(edge);
  await edge.adapter.removeMember(key, bob.self.id, true);
  await bob.events.next((event) => event.kind === 'closed', 'the word to the banned member');
});

test('an end that the store could not take is over here at once, and written when the store is back', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  edge.rosters.isBroken = true;
  await ann.connection.room.leave();
  await bob.events.next((event) => event.kind === 'closed', 'the end');
  await mendStore(edge);
  await edge.crash();
  const client = connectRaw(t, edge, { token: bob.roomToken });
  const refusal = await client.events.next((event) => event.kind === 'refused', 'the refusal');
  assert.match(refusal.kind === 'refused' ? refusal.message : '', /has ended/);
});
