/** What comes over an edge's line from somebody who is no front door: nothing of it is kept. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { NativeScene, openPair } from '../../test/support/native-scene.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { countDescriptors } from '../../test/support/own-descriptors.ts';
import { HandoffPort } from './handoff-port.ts';

test('descriptors that no message announces end the line, and are closed', async (t) => {
  const scene = new NativeScene(t);
  const folder = mkdtempSync(join(tmpdir(), 'mooring-line-'));
  const given: number[] = [];
  const taker = { onGive: (_give: unknown, fd: number) => void given.push(fd) };
  const port = HandoffPort.open({ folder, name: 'edge', taker })!;
  t.after(() => {
    port.close();
    rmSync(folder, { recursive: true });
  });
  const line = scene.watch(scene.sockets.connectPath(port.offer.path));
  await eventually(() => line.hears('connected'), 'the line stands');
  const client = await openPair(t, scene);
  const before = countDescriptors();
  // The beginning of one long message, a byte with each descriptor.
  const beginning = Buffer.alloc(64);
  beginning.writeUInt32LE(200_000);
  let sent = 0;
  await eventually(() => {
    if (
      sent < beginning.length &&
      scene.sockets.sendHandle(line.id, client.near.id, beginning, sent, sent + 1) === 0
    )
      sent++;
    return line.hears('ended') || line.hears('closed');
  }, 'the line is ended');
  await eventually(() => countDescriptors() <= before, 'no descriptor is left');
  assert.deepEqual(given, []);
});
