/** The order of edges in lists and on the map. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Picture } from '../live/picture.ts';
import { edgesInOrder } from './edge-order.ts';

test('edges stand in the order of their numbers', () => {
  const edges = { 'edge-10': {}, 'edge-9': {}, 'edge-1': {}, 'eu-2': {}, 'edge-100': {} };
  const ids = edgesInOrder({ edges } as unknown as Picture).map(([id]) => id);
  assert.deepEqual(ids, ['edge-1', 'edge-9', 'edge-10', 'edge-100', 'eu-2']);
});
