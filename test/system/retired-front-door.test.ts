/** A front door that was replaced and whose time is over: clients whose connections it still carries are told to come back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';

const connections = 20;

test('with its time over a replaced front door tells clients by close code 1012 to come back, and they find the next one', async (t) => {
  // TLS ends in the front door, so no edge can take these over.
  const env = { CT_EDGES: '1', CT_SELF_SIGNED: 'yes', CT_RETIRE_MAX_MINUTES: '0' };
  const pool = await startPool(t, { env });
  const url = `wss://127.0.0.1:${pool.ports['https']}`;
  const open = async (key: string): Promise<WebSocket> => {
    const socket = new WebSocket(`${url}/y/${key}/notes`, { rejectUnauthorized: false });
    t.after(() => socket.terminate());
    await once(socket, 'open');
    return socket;
  };
  const sockets = await Promise.all(
    Array.from({ length: connections }, async (_, i) => await open(`key-${i}`)),
  );
  const codes: number[] = [];
  for (const socket of sockets) socket.once('close', (code) => codes.push(code));
  const { code, stderr } = await runCommand(t, ['restart', '--front-door', '--data-dir', pool.dataDir]);
  assert.deepEqual([code, stderr], [0, '']);
  await eventually(() => codes.length === connections, 'all are closed', 40_000);
  assert.deepEqual(new Set(codes), new Set([1012]));
  await open('key-0');
  const isGone = (): boolean => pool.lines.some(({ event }) => event === 'child.retired');
  await eventually(isGone, 'the old process has ended');
});
