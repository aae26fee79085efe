/** Members of a document who send too fast are slowed first, lose nothing, and keep nobody else waiting. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Doc } from 'yjs';
import { eventually } from '../../test/support/oct-inbox.ts';
import { startYEdge } from '../../test/support/y-edge.ts';
import type { YEdge } from '../../test/support/y-edge.ts';
import { connectBare, enterDocument, releases } from '../../test/support/y-members.ts';
import { encodeUpdateMessage } from './message.ts';

async function countSlowed(edge: YEdge, limit: string): Promise<number> {
  const series = `ct_edge_slowed_total{adapter="y",limit="${limit}"} `;
  const line = (await edge.metrics.render()).split('\n').find((line) => line.startsWith(series));
  return Number(line?.slice(series.length) ?? 0);
}

for (const release of releases) {
  test(`a fast writer is slowed, and others write meanwhile (y-websocket ${release})`, async (t) => {
    const edge = await startYEdge(t, { settings: { CT_MEMBER_MESSAGES_PER_SECOND: 2_000 } });
    const [ann, bob] = [await enterDocument(t, edge, { release }), await enterDocument(t, edge, { release })];
    const eve = await enterDocument(t, edge, { release });
    let losses = 0;
    eve.provider.on('connection-close', () => losses++);
    // Longer than a chunk of the network, of which all messages come at once.
    for (let n = 0; n < 12_000; n++) eve.text.insert(0, 'e');
    await eventually(async () => (await countSlowed(edge, 'messages')) > 0, 'she is slowed');
    bob.text.insert(0, 'b');
    await eventually(() => ann.text.toJSON().includes('b'), 'bob is heard');
    assert.ok(ann.text.length < 12_001, 'while she is still held back');
    await eventually(() => ann.text.length === 12_001, 'all of hers is there');
    assert.equal(losses, 0);
    assert.equal(await edge.countRefused('member-too-fast'), 0);
  });
}

test('who sends what no pause can hold back is refused, and its document is well', async (t) => {
  const edge = await startYEdge(t, { settings: { CT_MEMBER_BYTES_PER_SECOND: 1_000 } });
  const ann = await enterDocument(t, edge);
  const eve = connectBare(t, edge, '/y/our-key/a.txt');
  await eve.opened();
  const doc = new Doc();
  doc.on('update', (update: Uint8Array) => eve.ws.send(encodeUpdateMessage(update)));
  doc.getText('text').insert(0, 'x'.repeat(15_000));
  assert.deepEqual(await eve.closed(), { code: 1013, reason: 'member-too-fast' });
  assert.equal(await edge.countRefused('member-too-fast'), 1);
  assert.equal(ann.text.length, 0);
  const bob = await enterDocument(t, edge);
  bob.text.insert(0, 'b');
  await eventually(() => ann.text.toJSON() === 'b', 'others go on');
});
