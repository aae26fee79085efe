/** Planned ends of connections in the moments at which clients hold what they say themselves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startOctEdge } from '../../test/support/oct-edge.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { connectRaw, signMember } from '../../test/support/oct-raw.ts';
import { sealedFor } from '../../test/support/oct-envelopes.ts';

const stops = 8;

test('a client that is just changing to its WebSocket when it is stopped loses nothing that it says', async (t) => {
  const edge = await startOctEdge(t);
  const token = await signMember(edge, 'ann', { host: true });
  const client = connectRaw(t, edge, { token, transports: ['polling', 'websocket'], reconnects: true });
  const stopped: Promise<void>[] = [];
  let sent = 0;
  const say = (): void =>
    client.send(sealedFor([], { kind: 'broadcast', content: Buffer.from(`${++sent}`) }));
  client.socket.io.on('open', () => {
    client.socket.io.engine.once('upgrading', () => {
      say();
      if (stopped.length < stops) stopped.push(edge.handOver('key'));
      say();
    });
  });
  await eventually(
    () => stopped.length === stops && client.socket.connected,
    'it was stopped so often, and is back',
  );
  await Promise.all(stopped);
  say();
  await eventually(async () => (await edge.messagesIn()) >= sent, `all ${sent} are heard`);
  assert.equal(await edge.messagesIn(), sent);
});

test('a client that only polls is told at its next poll, and what it is just sending is heard', async (t) => {
  const edge = await startOctEdge(t);
  const token = await signMember(edge, 'ann', { host: true });
  const client = connectRaw(t, edge, { token, transports: ['polling'], reconnects: true });
  let sent = 0;
  for (let n = 1; n <= stops; n++) {
    await eventually(() => client.socket.connected, 'it is back');
    client.send(sealedFor([], { kind: 'broadcast', content: Buffer.alloc(100_000, ++sent) }));
    await edge.handOver('key');
  }
  await eventually(async () => (await edge.messagesIn()) >= sent, `all ${sent} are heard`);
  assert.equal(await edge.messagesIn(), sent);
});
