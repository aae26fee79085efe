/** What the rounds of the keeper mean to members: documents that are open stay, and what goes too early comes back whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { silentLog } from '#shared/log.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { startYEdge } from '../../test/support/y-edge.ts';
import type { YEdge } from '../../test/support/y-edge.ts';
import { enterDocument } from '../../test/support/y-members.ts';
import type { SessionRef } from '../store/document-store.ts';
import { DocumentKeeper } from './document-keeper.ts';

const ours: SessionRef = { key: 'our-key' as AffinityKey, epoch: 1 as Epoch };

function openKeeper(
  t: TestContext,
  edge: YEdge,
  keepMs: number,
  held: readonly SessionRef[],
): DocumentKeeper {
  const { store, metrics } = edge;
  const keeper = new DocumentKeeper({ store, keepMs, held: () => held, log: silentLog(), metrics });
  t.after(() => keeper.close());
  return keeper;
}

async function countForgotten(edge: YEdge): Promise<number> {
  const series = 'ct_edge_sessions_forgotten_total ';
  const line = (await edge.metrics.render()).split('\n').find((line) => line.startsWith(series));
  return Number(line?.slice(series.length) ?? 0);
}

test('a document that is open stays, one that was left goes', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge);
  ann.text.insert(0, 'ours');
  const bob = await enterDocument(t, edge, { key: 'other-key' });
  bob.text.insert(0, 'theirs');
  await eventually(() => edge.adapter.load().sessions === 2, 'both are open');
  bob.provider.destroy();
  await eventually(() => edge.adapter.load().sessions === 1, 'the other one was left');
  const keeper = openKeeper(t, edge, 1, [ours]);
  await eventually(async () => {
    await keeper.sweep();
    return (await countForgotten(edge)) === 1;
  }, 'the other one is gone');
  assert.equal((await enterDocument(t, edge, { key: 'other-key' })).text.toJSON(), '');
  assert.equal((await enterDocument(t, edge)).text.toJSON(), 'ours');
});

test('a document that went while it was open comes back whole, by its members', async (t) => {
  const edge = await startYEdge(t);
  const ann = await enterDocument(t, edge);
  ann.text.insert(0, 'whole');
  const keeper = openKeeper(t, edge, 1, []);
  await eventually(async () => {
    await keeper.sweep();
    return (await countForgotten(edge)) >= 1;
  }, 'it is gone');
  keeper.close();
  let losses = 0;
  ann.provider.on('connection-close', () => losses++);
  ann.text.insert(5, ' again');
  await eventually(() => losses === 1 && ann.provider.synced, 'she was fenced, and is back');
  ann.provider.destroy();
  await eventually(() => edge.adapter.load().sessions === 0, 'all is written');
  await edge.restart();
  assert.equal((await enterDocument(t, edge)).text.toJSON(), 'whole again');
});

test('without an end to their time documents stay', async (t) => {
  const edge = await startYEdge(t);
  await edge.store.append({ ...ours, document: 'a.txt' }, [Uint8Array.of(1)]);
  await openKeeper(t, edge, 0, []).sweep();
  const loaded = await edge.store.load({ ...ours, document: 'a.txt' });
  assert.equal(loaded.kind === 'loaded' && loaded.lastSeq, 1);
});
