/** An edge that has as many sessions as it may have: what is open goes on, what is new is told to come back later. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signLogin } from '../test/support/oct-client.ts';
import { startOctEdge } from '../test/support/oct-edge.ts';
import { eventually } from '../test/support/oct-inbox.ts';
import { connectRaw, idOf, signMember } from '../test/support/oct-raw.ts';
import { startYEdge } from '../test/support/y-edge.ts';
import { connectBare, enterDocument } from '../test/support/y-members.ts';

test('a full edge opens no session, takes members into those that it has, and the others when it can', async (t) => {
  const edge = await startOctEdge(t);
  const ann = connectRaw(t, edge, { token: await signMember(edge, 'ann', { host: true }) });
  await idOf(ann);
  edge.hasCapacity = false;
  await idOf(connectRaw(t, edge, { token: await signMember(edge, 'bob') }));
  const headers = { 'x-oct-jwt': await signLogin(edge.tokens, 'cid') };
  const answer = await fetch(`${edge.url}/api/session/create`, { method: 'POST', headers });
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1']);
  assert.equal(((await answer.json()) as { code: string }).code, 'edge-full');
  const dan = connectRaw(t, edge, {
    token: await signMember(edge, 'dan', { key: 'other' }),
    reconnects: true,
  });
  await dan.events.next((event) => event.kind === 'disconnected', 'no for now');
  assert.equal(edge.adapter.load().sessions, 1);
  edge.hasCapacity = true;
  await idOf(dan);
  await eventually(() => edge.adapter.load().sessions === 2, 'his session is there');
});

test('a full edge opens no other documents, and goes on with those of its sessions', async (t) => {
  const edge = await startYEdge(t);
  await enterDocument(t, edge);
  edge.hasCapacity = false;
  await enterDocument(t, edge, { document: 'b.txt' });
  const refused = await connectBare(t, edge, '/y/other-key/a.txt').refused();
  assert.deepEqual(refused, { status: 503, code: 'edge-full' });
  edge.hasCapacity = true;
  await enterDocument(t, edge, { key: 'other-key' });
});
