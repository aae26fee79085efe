/** Members who send too fast, over real sockets: slowed before anything is refused, and nobody else waits for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startOctEdge } from '../../test/support/oct-edge.ts';
import type { OctEdge } from '../../test/support/oct-edge.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { sealedFor } from '../../test/support/oct-envelopes.ts';
import { connectRaw, idOf, signMember } from '../../test/support/oct-raw.ts';
import type { RawClient, RawOptions } from '../../test/support/oct-raw.ts';

interface Member {
  readonly client: RawClient;
  readonly id: string;
}

async function enter(t: TestContext, edge: OctEdge, name: string, options: RawOptions = {}): Promise<Member> {
  const token = await signMember(edge, name, { host: name === 'ann' });
  const client = connectRaw(t, edge, { token, reconnects: true, ...options });
  return { client, id: await idOf(client) };
}

function say(from: Member, to: Member, n: number): void {
  const content = Buffer.from(String(n));
  from.client.send(sealedFor([to.id], { kind: 'notification', target: to.id, content }));
}

async function sayMany(from: Member, to: Member, count: number): Promise<void> {
  const { engine } = from.client.socket.io;
  for (let n = 1; n <= count; n++) {
    say(from, to, n);
    // A client that polls sends what it has in one request: a little at a time makes several.
    if (n % 100 === 0) await eventually(() => engine.writeBuffer.length === 0, 'it is under way');
  }
}

/** The numbers that a member has heard from another. */
function heard(by: Member, from: Member): number[] {
  return by.client
    .messages('notification')
    .filter(({ origin, content }) => origin === from.id && content instanceof Uint8Array)
    .map(({ content }) => Number(Buffer.from(content as Uint8Array).toString()));
}

async function countSlowed(edge: OctEdge): Promise<number> {
  const line = (await edge.metrics.render())
    .split('\n')
    .find((line) => line.startsWith('ct_edge_slowed_total{'));
  return Number(line?.split(' ')[1] ?? 0);
}

function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

for (const transport of ['websocket', 'polling'] as const) {
  test(`a fast sender is slowed, nothing of it is lost, and others do not wait for it (${transport})`, async (t) => {
    const edge = await startOctEdge(t, { CT_MEMBER_MESSAGES_PER_SECOND: 200 });
    const [ann, bob] = [await enter(t, edge, 'ann'), await enter(t, edge, 'bob')];
    const eve = await enter(t, edge, 'eve', { transports: [transport] });
    const saying = sayMany(eve, ann, 900);
    await eventually(async () => (await countSlowed(edge)) > 0, 'she is slowed');
    const before = heard(ann, eve).length;
    say(bob, ann, 1);
    await eventually(() => heard(ann, bob).length === 1, 'bob is heard');
    assert.ok(before < 900 && heard(ann, eve).length < 900, 'while she is still held back');
    await saying;
    await eventually(() => heard(ann, eve).length === 900, 'all of hers is heard');
    assert.deepEqual(heard(ann, eve), numbersTo(900));
    assert.equal(await edge.refusals('member-too-fast'), 0);
    assert.equal(eve.client.events.items.filter(({ kind }) => kind === 'connected').length, 1);
  });
}

test('a sender that is held back for longer than a ping may take keeps its connection', async (t) => {
  const edge = await startOctEdge(t, { CT_MEMBER_MESSAGES_PER_SECOND: 200 });
  const [ann, eve] = [await enter(t, edge, 'ann'), await enter(t, edge, 'eve')];
  // At this rate 28 s: clients that hear no ping give up after 15 s.
  for (let n = 1; n <= 6_000; n++) say(eve, ann, n);
  await eventually(() => heard(ann, eve).length > 3_000, 'half of hers is heard');
  await eventually(() => heard(ann, eve).length === 6_000, 'all of hers is heard');
  assert.deepEqual(heard(ann, eve), numbersTo(6_000));
  assert.equal(eve.client.events.items.filter(({ kind }) => kind === 'connected').length, 1);
});

test('who sends what no pause can hold back is refused, in the middle of it, and may come back', async (t) => {
  const edge = await startOctEdge(t, { CT_MEMBER_BYTES_PER_SECOND: 1_000 });
  const [ann, eve] = [await enter(t, edge, 'ann'), await enter(t, edge, 'eve')];
  const content = new Uint8Array(15_000);
  for (let n = 0; n < 3; n++) {
    eve.client.send(sealedFor([ann.id], { kind: 'notification', target: ann.id, content }));
  }
  await eve.client.events.next((event) => event.kind === 'disconnected', 'the end of the connection');
  assert.equal(await edge.refusals('member-too-fast'), 1);
  assert.equal(
    ann.client.messages('notification').some(({ origin }) => origin === eve.id),
    false,
  );
  say(ann, eve, 1);
  edge.advance(60_000);
  await eventually(() => heard(eve, ann).length === 1, 'she is back, and misses nothing');
  say(eve, ann, 1);
  await eventually(() => heard(ann, eve).length === 1, 'she is heard again');
});

test('a new connection is no way around the pace of a member', async (t) => {
  const edge = await startOctEdge(t, { CT_MEMBER_BYTES_PER_SECOND: 1_000 });
  const ann = await enter(t, edge, 'ann');
  const eve = await enter(t, edge, 'eve');
  const flood = sealedFor([ann.id], {
    kind: 'notification',
    target: ann.id,
    content: new Uint8Array(30_000),
  });
  eve.client.send(flood);
  await eventually(async () => (await edge.refusals('member-too-fast')) === 1, 'she is refused');
  await eve.client.events.next((event) => event.kind === 'disconnected', 'the end of the connection');
  await eventually(() => eve.client.socket.connected, 'she is back');
  eve.client.send(flood);
  await eventually(async () => (await edge.refusals('member-too-fast')) === 2, 'she is refused again');
});
