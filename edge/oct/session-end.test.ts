/**
 * Sessions that end by a rule, with the clients of editors: everybody is told, and nobody gets back into a
 * session that has ended, however it tries.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { errorTable } from '#shared/errors.ts';
import type { OctMember } from '../../test/support/oct-client.ts';
import { startOctEdge } from '../../test/support/oct-edge.ts';
import type { OctEdge } from '../../test/support/oct-edge.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { connectRaw, signMember } from '../../test/support/oct-raw.ts';
import { enterGuest, enterHost } from '../../test/support/oct-session.ts';

const noGuests = {
  CT_END_WITHOUT_GUESTS_MINUTES: 10,
  CT_END_AFTER_GUESTS_MINUTES: 0,
  CT_END_IDLE_MINUTES: 0,
};

async function isTold(member: OctMember): Promise<void> {
  await member.events.next((event) => event.kind === 'closed', 'the end of the session');
}

async function countEnded(edge: OctEdge, reason: string): Promise<number> {
  const series = `ct_edge_sessions_ended_total{reason="${reason}"} `;
  const line = (await edge.metrics.render()).split('\n').find((line) => line.startsWith(series));
  return Number(line?.slice(series.length) ?? 0);
}

/** Tries to come in with a token that was good before. */
async function isKeptOut(t: TestContext, edge: OctEdge, token: string): Promise<void> {
  const client = connectRaw(t, edge, { token, reconnects: true });
  const refusal = await client.events.next((event) => event.kind === 'refused', 'the refusal');
  assert.deepEqual(refusal, { kind: 'refused', message: errorTable['session-ended'].message });
  assert.equal(client.socket.active, false, 'the client does not try again');
}

test('a session that no guest joins ends, and its host is told', async (t) => {
  const edge = await startOctEdge(t, noGuests);
  const ann = await enterHost(t, edge);
  edge.advance(600_000);
  await isTold(ann);
  await eventually(() => edge.adapter.load().sessions === 0, 'the session is gone');
  assert.equal(await countEnded(edge, 'no-guests'), 1);
  await isKeptOut(t, edge, ann.roomToken);
});

for (const release of ['0.3.0', '0.3.3'] as const) {
  test(`an idle session ends: guests of release ${release} are told once and do not come back`, async (t) => {
    const edge = await startOctEdge(t, { CT_END_IDLE_MINUTES: 10 });
    const ann = await enterHost(t, edge, { release });
    const bob = await enterGuest(t, edge, ann.key, { release });
    edge.advance(600_000);
    await Promise.all([isTold(ann), isTold(bob)]);
    await eventually(() => edge.openConnections(ann.key) === 0, 'everybody is out');
    assert.equal(ann.socket!.active || bob.socket!.active, false, 'no client tries again');
    assert.equal(await countEnded(edge, 'idle'), 1);
    for (const { roomToken } of [ann, bob]) await isKeptOut(t, edge, roomToken);
    assert.equal(edge.adapter.load().sessions, 0);
  });
}

test('a session lives on while something is said', async (t) => {
  const edge = await startOctEdge(t, { CT_END_IDLE_MINUTES: 10 });
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  for (const text of ['one', 'two', 'three']) {
    edge.advance(599_000);
    await ann.connection.chat.sendMessage(text);
    await bob.events.next((event) => event.kind === 'chat' && event.text === text, text);
  }
  assert.equal(edge.adapter.load().sessions, 1);
});

test('a guest who is away when its host is gone for too long learns of the end and stays out', async (t) => {
  const edge = await startOctEdge(t);
  const ann = connectRaw(t, edge, { token: await signMember(edge, 'ann', { host: true }) });
  const token = await signMember(edge, 'bob');
  const bob = connectRaw(t, edge, { token, reconnects: true });
  await Promise.all([ann.call('peer/info'), bob.call('peer/info')]);
  edge.refuses = () => true;
  bob.socket.io.engine.close();
  ann.socket.close();
  await eventually(() => edge.openConnections('key') === 0, 'both are away');
  edge.advance(30_000);
  await eventually(() => edge.adapter.load().sessions === 0, 'the session has ended');
  edge.refuses = () => false;
  await bob.events.next(
    (event) => event.kind === 'refused' && event.message === errorTable['session-ended'].message,
    'the refusal',
  );
  assert.equal(bob.socket.active, false);
  assert.equal(edge.adapter.load().sessions, 0, 'no session began again');
});

test('a new session under the same key is another one', async (t) => {
  const edge = await startOctEdge(t, noGuests);
  const ann = await enterHost(t, edge);
  edge.advance(600_000);
  await isTold(ann);
  const next = await enterHost(t, edge, { url: `${edge.url}/~${ann.key}` });
  assert.equal(next.key, ann.key);
  await isKeptOut(t, edge, ann.roomToken);
  const bob = await enterGuest(t, edge, next.key);
  assert.equal(bob.key, ann.key);
});
