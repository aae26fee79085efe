/** y-websocket clients of both majors hold sessions through the front door of a pool with three edges. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { eventually } from '../support/oct-inbox.ts';
import { askEdge } from '../support/ask-edge.ts';
import { openPool, startPool } from '../support/pool.ts';
import { openDocument } from '../support/y-document.ts';
import type { YClient } from '../support/y-document.ts';

function agree(clients: readonly YClient[], length: number): boolean {
  const [first] = clients;
  return clients.every(({ text }) => text.length === length && text.toJSON() === first!.text.toJSON());
}

const { pool, close } = openPool();
before(async () => await pool.waitUntilReady());
after(close);

test('clients of both majors converge on two documents of one session, on one edge', async (t) => {
  const key = 'two-documents';
  const open = async (name: string, release: '2' | '3'): Promise<YClient> =>
    await openDocument(t, pool.url, { key, name, release });
  const notes = [await open('notes', '3'), await open('notes', '2'), await open('notes', '3')];
  const plan = [await open('plan', '2'), await open('plan', '3')];
  notes.forEach(({ text }, i) => text.insert(0, `note of ${i}\n`));
  plan.forEach(({ text }, i) => text.insert(0, `plan ${i}\n`));
  await eventually(() => agree(notes, 3 * 'note of 0\n'.length), 'the notes converge');
  await eventually(() => agree(plan, 2 * 'plan 0\n'.length), 'the plans converge');
  const owner = await pool.edgeOf(key);
  [...notes, ...plan].forEach((client) => client.close());
  await eventually(() => pool.settledOf(key).length >= 6, 'the exchanges are over');
  assert.deepEqual([...new Set(pool.settledOf(key).map((line) => line['edge']))], [owner]);
});

test('sessions spread over all edges', async (t) => {
  const edges = new Set<string>();
  for (let i = 0; i < 12; i++) {
    await openDocument(t, pool.url, { key: `spread-${i}`, name: 'notes' });
    edges.add(await pool.edgeOf(`spread-${i}`));
  }
  assert.deepEqual([...edges].sort(), ['edge-1', 'edge-2', 'edge-3']);
});

test('a key that the query contradicts is refused before the upgrade', async () => {
  const socket = new WebSocket(`${pool.url.replace('http', 'ws')}/y/one/notes?ctstickiness=another`);
  const status = await new Promise<number>((resolve, reject) => {
    socket.on('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    socket.on('open', () => reject(new Error('the upgrade was accepted')));
    socket.on('error', () => undefined);
  });
  assert.equal(status, 400);
});

test('an edge answers nobody who comes past the front door', async () => {
  for (const { address } of await pool.edges()) {
    const { status, body } = await askEdge(address, '/ct-health/', { 'x-ct-key': 'one', 'x-ct-epoch': '1' });
    assert.equal(status, 403);
    assert.equal((body as { code: string }).code, 'pass-missing');
  }
});

test('documents are there again after a restart of the whole pool, once and not twice', async (t) => {
  const { pool: first, close: closeFirst } = openPool();
  await first.waitUntilReady();
  const writer = await openDocument(t, first.url, { key: 'kept', name: 'notes' });
  const reader = await openDocument(t, first.url, { key: 'kept', name: 'notes' });
  writer.text.insert(0, 'kept over the restart');
  await eventually(() => agree([writer, reader], 'kept over the restart'.length), 'the edit is acknowledged');
  [writer, reader].forEach((client) => client.close());
  assert.equal(await first.stop(), undefined);
  t.after(closeFirst);
  const second = await startPool(t, { dataDir: first.dataDir });
  const late = await openDocument(t, second.url, { key: 'kept', name: 'notes' });
  assert.equal(late.text.toJSON(), 'kept over the restart');
});
