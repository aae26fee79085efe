/** A move that one front door conducts, and members who come through another one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEdgeOf } from '../support/edge-process.ts';
import { isReady, makeDataDir, startFrontDoor } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { checkTalk, enterPoolGuest, enterPoolHost, startTalk } from '../support/oct-moves.ts';
import { openDocument } from '../support/y-document.ts';

test('who comes through a front door that knows nothing of the move is led to the new edge, and misses nothing', async (t) => {
  const dataDir = makeDataDir(t);
  const doors = [await startFrontDoor(t, { dataDir }), await startFrontDoor(t, { dataDir })] as const;
  for (const id of ['e1', 'e2']) startEdgeOf(t, doors, id);
  for (const door of doors) {
    await eventually(async () => (await door.edges()).filter(isReady).length === 2, 'both edges are ready');
  }
  const [one, other] = doors.map(({ host }) => ({ url: `http://${host}` }));
  const ann = await enterPoolHost(t, one!);
  const bob = await enterPoolGuest(t, other!, { key: ann.key, name: 'bob' });
  const documents = [
    await openDocument(t, one!.url, { key: ann.key, name: 'notes' }),
    await openDocument(t, other!.url, { key: ann.key, name: 'notes' }),
  ];
  const members = [ann, bob];
  const endTalk = startTalk(t, members, 10);
  for (let n = 1; n <= 4; n++) {
    // In turn by one and by the other: each has an old pin cached when its turn comes.
    const { edge } = await doors[n % 2]!.where(ann.key);
    assert.equal(await doors[n % 2]!.move(ann.key, edge === 'e1' ? 'e2' : 'e1'), 200);
    await eventually(() => members.every(({ socket }) => socket!.connected), 'all are back');
    for (const { socket } of members) assert.ok(socket!.recovered, 'all go on where they were');
    await eventually(
      () => documents.every(({ provider, losses }) => provider.wsconnected && losses() >= n),
      'documents are back',
    );
  }
  checkTalk(t, await endTalk(), '4 moves through two front doors');
  documents[0]!.text.insert(0, 'written here');
  await eventually(() => documents[1]!.text.toJSON() === 'written here', 'the documents are one');
});
