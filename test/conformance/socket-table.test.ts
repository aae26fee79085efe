/** The WebSocket table through a front door on native sockets, and how much it holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testSocketTable } from './compare-sockets.ts';
import { socketTable } from './socket-table.ts';

testSocketTable('auto');

test('the WebSocket table has 250 cases or more, none of them twice', () => {
  assert.ok(socketTable.length >= 250, `${socketTable.length} cases`);
  assert.equal(new Set(socketTable.map(({ name }) => name)).size, socketTable.length);
});
