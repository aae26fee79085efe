/** Everything that the adapter refuses, by real sockets: the code, and that nobody else is harmed. */
import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createEncoder, toUint8Array, writeVarUint, writeVarUint8Array } from 'lib0/encoding';
import { Doc, encodeStateAsUpdate } from 'yjs';
import { Inbox, eventually } from '../../test/support/oct-inbox.ts';
import { startYEdge } from '../../test/support/y-edge.ts';
import type { YEdge } from '../../test/support/y-edge.ts';
import { connectBare, enterDocument } from '../../test/support/y-members.ts';
import { awarenessStateMaxBytes, documentsPerKeyMax } from './limits.ts';
import { encodeAwarenessMessage, encodeStateVectorMessage, encodeUpdateMessage } from './message.ts';

const target = '/y/our-key/a.txt';

function updateOf(text: string): Uint8Array {
  const doc = new Doc();
  doc.getText('text').insert(0, text);
  return encodeStateAsUpdate(doc);
}

/** Sends a request as it stands and returns the whole answer. */
async function askRaw(t: TestContext, edge: YEdge, lines: readonly string[]): Promise<string> {
  const url = new URL(edge.url);
  const socket = createConnection(Number(url.port), url.hostname);
  t.after(() => socket.destroy());
  const answers = new Inbox<string>();
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  socket.on('close', () => answers.add(text));
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return await answers.next(() => true, 'the answer');
}

for (const path of [
  '/y/our-key',
  '/y/our-key/',
  '/y/our-key/a/b',
  '/y/our-key/a%20b',
  `/y/our-key/${'d'.repeat(129)}`,
]) {
  test(`an upgrade of ${path.slice(0, 20)}, which names no document, is not found`, async (t) => {
    const edge = await startYEdge(t);
    assert.deepEqual(await connectBare(t, edge, path).refused(), { status: 404, code: 'not-found' });
    assert.equal(await edge.countRefused('not-found'), 1);
    assert.equal(edge.openConnections('our-key'), 0);
  });
}

test('a path with another key than the exchange is a conflict', async (t) => {
  const edge = await startYEdge(t);
  const answer = await askRaw(t, edge, [
    'GET /y/our-key/a.txt HTTP/1.1',
    'host: x',
    'ctstickiness: other-key',
    'connection: upgrade',
    'upgrade: websocket',
  ]);
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.match(answer, /"code":"key-conflict"/);
});

test('a request that asks for no upgrade is told which one to ask for', async (t) => {
  const edge = await startYEdge(t);
  const response = await fetch(edge.url.replace('ws:', 'http:') + target);
  assert.equal(response.status, 426);
  assert.equal(response.headers.get('upgrade'), 'websocket');
  assert.equal(((await response.json()) as { code: string }).code, 'upgrade-refused');
  assert.equal(await edge.countRefused('upgrade-refused'), 1);
});

test('an upgrade to another protocol is refused', async (t) => {
  const edge = await startYEdge(t);
  const lines = [`GET ${target} HTTP/1.1`, 'host: x', 'connection: upgrade', 'upgrade: h2c'];
  assert.match(await askRaw(t, edge, lines), /^HTTP\/1\.1 426 /);
});

test('a handshake without its key opens nothing and keeps nothing', async (t) => {
  const edge = await startYEdge(t);
  const lines = [`GET ${target} HTTP/1.1`, 'host: x', 'connection: upgrade', 'upgrade: websocket'];
  assert.match(await askRaw(t, edge, lines), /^HTTP\/1\.1 400 /);
  await eventually(() => edge.adapter.load().sessions === 0, 'the document is let go');
  assert.equal(edge.openConnections('our-key'), 0);
});

const unknownType = Uint8Array.of(9);
const cutShort = encodeUpdateMessage(updateOf('evil').subarray(0, -1));
const garbage = encodeUpdateMessage(Uint8Array.from({ length: 40 }, (_, index) => 255 - index));
const emptyUpdate = encodeUpdateMessage(new Uint8Array());
const badStateVector = encodeStateVectorMessage(Uint8Array.of(5, 1));
const noJson = Uint8Array.of(1, 6, 1, 7, 1, 2, 0x7b, 0x7b);

for (const [what, frame] of [
  ['an unknown message', unknownType],
  ['a text message', 'hello'],
  ['an update that is cut short', cutShort],
  ['an update that is none', garbage],
  ['an update without a byte', emptyUpdate],
  ['a state vector that is none', badStateVector],
  ['presence that is no JSON', noJson],
] as const) {
  test(`${what} closes its sender and does no harm to the document or to others`, async (t) => {
    const edge = await startYEdge(t);
    const ann = await enterDocument(t, edge);
    let losses = 0;
    ann.provider.on('connection-close', () => losses++);
    ann.text.insert(0, 'good');
    const bare = connectBare(t, edge, target);
    await bare.opened();
    bare.ws.send(frame);
    assert.deepEqual(await bare.closed(), { code: 1007, reason: 'message-malformed' });
    assert.equal(await edge.countRefused('message-malformed'), 1);
    ann.text.insert(4, ' text');
    const bob = await enterDocument(t, edge, { release: '2.1' });
    await eventually(() => bob.text.toJSON() === 'good text', 'the document is well');
    assert.equal(losses, 0);
  });
}

test('an update that breaks Yjs while it is applied leaves the stored document as it was', async (t) => {
  const edge = await startYEdge(t);
  const doc = new Doc();
  doc.clientID = 1;
  const ann = await enterDocument(t, edge, { doc });
  ann.text.insert(0, 'good');
  const bob = await enterDocument(t, edge, { release: '2.1' });
  await eventually(() => bob.text.toJSON() === 'good', 'it is stored');
  const bare = connectBare(t, edge, target);
  await bare.opened();
  // Well-formed, but it removes characters of client 1 that there are not.
  const poison = Uint8Array.of(1, 1, 2, 0, 0, 1, 1, 1, 2, 2, 97, 98, 0);
  bare.ws.send(encodeUpdateMessage(poison));
  assert.deepEqual(await bare.closed(), { code: 1007, reason: 'message-malformed' });
  await eventually(() => edge.openConnections('our-key') === 2 && ann.provider.synced, 'the others are back');
  ann.text.insert(4, ' text');
  await eventually(() => bob.text.toJSON() === 'good text', 'they go on');
  await edge.restart();
  const late = await enterDocument(t, edge);
  assert.equal(late.text.toJSON(), 'good text');
});

test('what follows a malformed message in one burst is not taken', async (t) => {
  const edge = await startYEdge(t);
  const bare = connectBare(t, edge, target);
  await bare.opened();
  bare.ws.send(unknownType);
  bare.ws.send(encodeUpdateMessage(updateOf('late')));
  await bare.closed();
  const ann = await enterDocument(t, edge);
  assert.equal(ann.text.toJSON(), '');
});

test('a message above the limit closes its sender with 1009', async (t) => {
  const edge = await startYEdge(t, { settings: { CT_MESSAGE_MAX_BYTES: 10_000 } });
  const bare = connectBare(t, edge, target);
  await bare.opened();
  bare.ws.send(new Uint8Array(10_001));
  assert.equal((await bare.closed()).code, 1009);
  assert.equal(await edge.countRefused('message-too-large'), 1);
});

test('presence above its limit closes its sender with 1009', async (t) => {
  const edge = await startYEdge(t);
  const bare = connectBare(t, edge, target);
  await bare.opened();
  const state = JSON.stringify('x'.repeat(awarenessStateMaxBytes));
  bare.ws.send(encodeAwarenessMessage([{ client: 1, clock: 1, state }]));
  assert.deepEqual(await bare.closed(), { code: 1009, reason: 'message-too-large' });
});

test('updates that build on what never came do not gather without end', async (t) => {
  const edge = await startYEdge(t, { settings: { CT_MESSAGE_MAX_BYTES: 10_000 } });
  const bare = connectBare(t, edge, target);
  await bare.opened();
  for (let count = 0; count < 10; count++) {
    const doc = new Doc();
    doc.getText('text').insert(0, 'missing');
    const seen: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => seen.push(update));
    doc.getText('text').insert(7, 'x'.repeat(2_000));
    bare.ws.send(encodeUpdateMessage(seen[0]!));
  }
  assert.deepEqual(await bare.closed(), { code: 1009, reason: 'message-too-large' });
  const ann = await enterDocument(t, edge);
  assert.equal(ann.text.toJSON(), '');
});

test('a member above the limit is closed with 1013 and may come when another left', async (t) => {
  const edge = await startYEdge(t, { settings: { CT_MEMBERS_MAX: 2 } });
  const ann = await enterDocument(t, edge);
  await enterDocument(t, edge);
  const third = connectBare(t, edge, target);
  assert.deepEqual(await third.closed(), { code: 1013, reason: 'session-full' });
  assert.equal(await edge.countRefused('session-full'), 1);
  ann.provider.disconnect();
  await eventually(() => edge.openConnections('our-key') === 1, 'there is room');
  await enterDocument(t, edge);
});

test('a session opens only so many documents at a time', async (t) => {
  const edge = await startYEdge(t);
  const open = Array.from({ length: documentsPerKeyMax }, (_, index) =>
    connectBare(t, edge, `/y/our-key/${index}`),
  );
  await Promise.all(open.map(async (client) => await client.opened()));
  assert.deepEqual(await connectBare(t, edge, '/y/our-key/more').refused(), {
    status: 503,
    code: 'session-full',
  });
  open[0]!.ws.close();
  await eventually(() => edge.openConnections('our-key') === documentsPerKeyMax - 1, 'one is closed');
  const other = connectBare(t, edge, '/y/other-key/a.txt');
  await other.opened();
});

test('a member that does not read is cut, and the others go on', async (t) => {
  const edge = await startYEdge(t, { settings: { CT_SEND_BUFFER_MAX_BYTES: 100_000 } });
  const slow = connectBare(t, edge, target);
  await slow.opened();
  slow.ws.pause();
  const ann = await enterDocument(t, edge);
  const bob = await enterDocument(t, edge, { release: '2.1' });
  const chunk = 'x'.repeat(100_000);
  let rounds = 0;
  const isCut = (): boolean => edge.openConnections('our-key') === 2;
  await eventually(() => {
    // The system's own buffers come on top of ours.
    if (!isCut() && bob.text.length === rounds * chunk.length) {
      ann.text.insert(0, chunk);
      rounds++;
    }
    return isCut();
  }, 'the slow member is cut');
  assert.equal(await edge.countRefused('member-too-slow'), 1);
  await eventually(() => bob.text.length === ann.text.length, 'the others agree');
});

test('a message of the authentication part of the protocol is passed over', async (t) => {
  const edge = await startYEdge(t);
  const bare = connectBare(t, edge, target);
  await bare.opened();
  const encoder = createEncoder();
  writeVarUint(encoder, 2);
  writeVarUint8Array(encoder, Uint8Array.of(0));
  bare.ws.send(toUint8Array(encoder));
  bare.ws.send(encodeUpdateMessage(updateOf('after')));
  const ann = await enterDocument(t, edge);
  await eventually(() => ann.text.toJSON() === 'after', 'the next message counts');
});
