/**
 * Upgraded connections that a local edge takes over: their bytes do not cross the front door, all else is as if they did.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';
import { openDocument } from '../support/y-document.ts';

async function upgradesOf(pool: Pool): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${pool.ports['admin']}/metrics`)).text();
  const found = text.matchAll(/^ct_proxy_upgrades_total\{carrier="(.*?)",reason="(.*?)"\} (\d+)/gm);
  return Object.fromEntries(
    [...found].map(([, carrier, reason, count]) => [`${carrier} ${reason}`, Number(count)]),
  );
}

test('members of a document reach each other though the front door carries none of their bytes', async (t: TestContext) => {
  const pool = await startPool(t);
  const writer = await openDocument(t, pool.url, { key: 'k', name: 'notes' });
  const reader = await openDocument(t, pool.url, { key: 'k', name: 'notes' });
  writer.text.insert(0, 'hello');
  await eventually(() => reader.text.toJSON() === 'hello', 'the text arrives');
  assert.deepEqual(await upgradesOf(pool), { 'edge handed': 2 });
  writer.close();
  await eventually(() => pool.settledOf('k').length === 1, 'the end is settled');
  const [line] = pool.settledOf('k');
  assert.equal(line!['status'], 101);
  assert.equal(line!['carrier'], 'edge');
  assert.ok(Number(line!['bytesUp']) > 20 && Number(line!['bytesDown']) > 5, JSON.stringify(line));
});

test('the answer to a handed upgrade says what the front door would have said', async (t) => {
  const pool = await startPool(t);
  const socket = new WebSocket(`${pool.url.replace('http', 'ws')}/~k/y/k/notes`);
  t.after(() => socket.terminate());
  const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
    socket.on('upgrade', (response) => resolve(response.headers));
    socket.on('error', reject);
  });
  assert.equal(headers['ctstickiness'], 'k');
  assert.match(String(headers['set-cookie']), /^ctstickiness=k; Path=\/~k\/; HttpOnly/);
  assert.deepEqual(
    Object.keys(headers).filter((name) => name.startsWith('x-ct-')),
    [],
  );
});
