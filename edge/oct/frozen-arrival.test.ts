/** Who comes to a session that is brought to rest for a move: a client that is let in there loses what it kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AffinityKey } from '#shared/ids.ts';
import { startOctEdge } from '../../test/support/oct-edge.ts';
import { sealedFor } from '../../test/support/oct-envelopes.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { connectRaw, idOf, signMember } from '../../test/support/oct-raw.ts';

test('who comes to a session at rest is not let in, and keeps what it has to say', async (t) => {
  const edge = await startOctEdge(t);
  const ann = connectRaw(t, edge, { token: await signMember(edge, 'ann', { host: true }) });
  const id = await idOf(ann);
  // Without her pong the session stays at rest for a while.
  const goOnReading = ann.stopReading();
  const resting = edge.adapter.bringToRest('key' as AffinityKey);
  const bob = connectRaw(t, edge, { token: await signMember(edge, 'bob') });
  bob.send(sealedFor([id], { kind: 'broadcast' }));
  await eventually(async () => (await edge.refusals('edge-leaving')) === 1, 'he is turned away');
  await eventually(() => bob.socket.io.engine.readyState === 'closed', 'his connection ends');
  assert.deepEqual(
    bob.events.items.map(({ kind }) => kind),
    ['disconnected'],
    'neither let in nor refused for ever',
  );
  assert.equal(bob.socket.sendBuffer.length, 1);
  goOnReading();
  await resting;
});
