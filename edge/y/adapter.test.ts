/** Real clients of both majors on one edge: convergence, presence, heartbeat, stop and drop. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AffinityKey } from '#shared/ids.ts';
import { absentState, decodeMessage, encodeAwarenessMessage } from './message.ts';
import { heartbeatIntervalMs } from './limits.ts';
import { connectBare, enterDocument, releases } from '../../test/support/y-members.ts';
import type { BareClient, Member } from '../../test/support/y-members.ts';
import { startYEdge } from '../../test/support/y-edge.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import type { AwarenessEntry } from './message.ts';

const pairs = releases.flatMap((first) => releases.map((second) => [first, second] as const));

/** Waits until both have the same text. */
async function converge(first: Member, second: Member, length: number): Promise<void> {
  const read = (client: Member): string => client.text.toJSON();
  await eventually(
    () => read(first) === read(second) && read(first).length === length,
    `both have ${length} characters`,
  );
}

/** Awareness that a bare client heard, entry by entry. */
function heardBy(client: BareClient): AwarenessEntry[] {
  return client.events.items.flatMap((event) => {
    const message = event.kind === 'message' ? decodeMessage(event.bytes) : undefined;
    return message?.kind === 'awareness' ? message.entries : [];
  });
}

for (const [first, second] of pairs) {
  test(`clients of ${first} and ${second} agree on two documents that both edit at once`, async (t) => {
    const edge = await startYEdge(t);
    const [annA, bobA, annB, bobB] = await Promise.all([
      enterDocument(t, edge, { release: first, document: 'a.txt' }),
      enterDocument(t, edge, { release: second, document: 'a.txt' }),
      enterDocument(t, edge, { release: first, document: 'b.txt' }),
      enterDocument(t, edge, { release: second, document: 'b.txt' }),
    ]);
    for (let count = 0; count < 50; count++) {
      annA.text.insert(annA.text.length, 'a');
      bobA.text.insert(0, 'b');
      annB.text.insert(0, 'c');
      bobB.text.insert(bobB.text.length, 'd');
    }
    await converge(annA, bobA, 100);
    await converge(annB, bobB, 100);
    assert.match(annA.text.toJSON(), /^[ab]+$/);
    assert.match(annB.text.toJSON(), /^[cd]+$/);
    const { sessions, members, websockets, pollings } = edge.adapter.load();
    assert.deepEqual(
      { sessions, members, websockets, pollings },
      { sessions: 1, members: 4, websockets: 4, pollings: 0 },
    );
    assert.equal(edge.openConnections('our-key'), 4);
  });
}

test('a member that comes late gets what is there, also when it is large', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge);
  const large = 'x'.repeat(200_000);
  ann.text.insert(0, large);
  const bob = await enterDocument(t, edge, { release: '2.1' });
  await eventually(() => bob.text.toJSON() === large, 'all is there');
});

test('documents of two sessions with the same name do not mix', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge, { key: 'one' });
  const bob = await enterDocument(t, edge, { key: 'two' });
  ann.text.insert(0, 'one');
  bob.text.insert(0, 'two');
  const cid = await enterDocument(t, edge, { key: 'one' });
  await eventually(() => cid.text.toJSON() === 'one', 'the text of the first session is there');
  assert.equal(bob.text.toJSON(), 'two');
  assert.equal(edge.adapter.load().sessions, 2);
});

test('what a client wrote while it was away comes in when it is back', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge);
  const bob = await enterDocument(t, edge, { release: '2.1' });
  bob.provider.disconnect();
  bob.text.insert(0, 'b');
  ann.text.insert(0, 'a');
  bob.provider.connect();
  await converge(ann, bob, 2);
});

test('members see each other, and see who leaves', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge);
  const bob = await enterDocument(t, edge, { release: '2.1' });
  const seesAnn = (): boolean => bob.provider.awareness.getStates().get(ann.doc.clientID)?.name === 'ann';
  ann.provider.awareness.setLocalState({ name: 'ann' });
  await eventually(seesAnn, 'bob sees ann');
  const cid = await enterDocument(t, edge);
  const known = cid.provider.awareness.getStates();
  await eventually(() => known.get(ann.doc.clientID)?.name === 'ann', 'who comes late sees ann too');
  ann.provider.ws!.close();
  await eventually(() => !seesAnn(), 'bob sees that ann is gone');
  await eventually(seesAnn, 'bob sees that ann came back');
});

test('a client’s presence ends with its connection even when it says nothing', async (t) => {
  const edge = await startYEdge(t);
  const bob = await enterDocument(t, edge);
  const bare = connectBare(t, edge, '/y/our-key/a.txt');
  await bare.opened();
  bare.ws.send(encodeAwarenessMessage([{ client: 77, clock: 3, state: '{"name":"eve"}' }]));
  const states = bob.provider.awareness.getStates();
  await eventually(() => states.has(77), 'bob sees the client');
  bare.ws.terminate();
  await eventually(() => !states.has(77), 'bob sees that it is gone');
});

test('a member that comes is asked to raise its clock, so that all believe that it is here', async (t) => {
  const edge = await startYEdge(t);
  const bare = connectBare(t, edge, '/y/our-key/a.txt');
  await bare.opened();
  bare.ws.send(encodeAwarenessMessage([{ client: 77, clock: 3, state: '{}' }]));
  await eventually(() => heardBy(bare).some(({ state }) => state === absentState), 'the request');
  assert.ok(heardBy(bare).some(({ client, clock }) => client === 77 && clock === 3));
});

test('the edge answers the question who is there', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge);
  ann.provider.awareness.setLocalState({ name: 'ann' });
  const bare = connectBare(t, edge, '/y/our-key/a.txt');
  await bare.opened();
  const ofAnn = (): number => heardBy(bare).filter(({ state }) => state === '{"name":"ann"}').length;
  await eventually(() => ofAnn() > 0, 'the presence of ann');
  const before = ofAnn();
  bare.ws.send(Uint8Array.of(3));
  await eventually(() => ofAnn() > before, 'the answer');
});

test('at each beat a member gets a ping and a message, and one without a pong is cut', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const edge = await startYEdge(t);
  const lively = connectBare(t, edge, '/y/our-key/a.txt');
  const dead = connectBare(t, edge, '/y/our-key/a.txt', false);
  let pings = 0;
  lively.ws.on('ping', () => pings++);
  await eventually(() => edge.adapter.load().members === 2, 'both are members');
  t.mock.timers.tick(heartbeatIntervalMs);
  const isKeepAlive = (bytes: Buffer): boolean => bytes.equals(Buffer.from([1, 1, 0]));
  for (const { events } of [lively, dead]) {
    await events.next((event) => event.kind === 'message' && isKeepAlive(event.bytes), 'the message');
  }
  // A message of its own after the pong: once it is answered, the pong has been heard.
  await eventually(() => pings === 1, 'the ping');
  const before = lively.events.items.length;
  lively.ws.send(Uint8Array.of(0, 0, 1, 0));
  await lively.events.after(before, (event) => event.kind === 'message', 'an answer');
  t.mock.timers.tick(heartbeatIntervalMs);
  assert.equal((await dead.closed()).code, 1006);
  assert.equal(edge.adapter.load().members, 1);
});

test('a stop closes members so that they come back', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge);
  const bare = connectBare(t, edge, '/y/our-key/a.txt');
  await bare.events.next((event) => event.kind === 'message', 'the first message');
  ann.text.insert(0, 'kept');
  const [closed] = await Promise.all([bare.closed(), edge.restart()]);
  assert.deepEqual(closed, { code: 1012, reason: 'edge-leaving' });
  await eventually(() => ann.provider.synced, 'the client is back');
  assert.equal(ann.text.toJSON(), 'kept');
  await eventually(() => edge.openConnections('our-key') === 1, 'connections are counted');
});

test('a stop cuts a member that does not answer its close', async (t) => {
  const edge = await startYEdge(t);
  const bare = connectBare(t, edge, '/y/our-key/a.txt');
  await bare.opened();
  await eventually(() => edge.adapter.load().members === 1, 'it is a member');
  bare.ws.pause();
  const old = edge.adapter;
  await edge.restart();
  assert.equal(old.load().members, 0);
});

test('a dropped session closes its members with the code’s close code and leaves others alone', async (t) => {
  const edge = await startYEdge(t);
  const bob = await enterDocument(t, edge, { key: 'other-key' });
  const bare = ['a.txt', 'b.txt'].map((document) => connectBare(t, edge, `/y/our-key/${document}`));
  for (const { events } of bare) await events.next((event) => event.kind === 'message', 'a message');
  edge.adapter.dropSession('our-key' as AffinityKey, 'stale-epoch');
  for (const client of bare) assert.deepEqual(await client.closed(), { code: 1012, reason: 'stale-epoch' });
  assert.equal(bob.provider.wsconnected, true);
  assert.equal(edge.adapter.load().sessions, 1);
});
