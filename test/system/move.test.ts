/** Sessions of unmodified clients move from edge to edge while their members work. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../support/oct-inbox.ts';
import { checkTalk, enterPoolGuest, enterPoolHost, moveElsewhere, startTalk } from '../support/oct-moves.ts';
import { openPool } from '../support/pool.ts';

const { pool, close } = openPool();
before(async () => await pool.waitUntilReady());
after(close);

const movesOfOneTalk = 5;

test('members who talk all the time hear each other once and in order over any number of moves', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  const cid = await enterPoolGuest(t, pool, { key: ann.key, name: 'cid' });
  const members = [ann, bob, cid];
  const ids = members.map(({ self }) => self.id);
  const endTalk = startTalk(members, 10);
  for (let n = 1; n <= movesOfOneTalk; n++) {
    const target = await moveElsewhere(pool, ann.key);
    await eventually(() => members.every(({ socket }) => socket!.connected), 'all are back');
    assert.equal(await pool.edgeOf(ann.key), target);
    assert.ok(
      members.every(({ socket }) => socket!.recovered),
      'all go on where they were',
    );
  }
  checkTalk(t, await endTalk(), `${movesOfOneTalk} moves`);
  assert.deepEqual(
    members.map(({ self }) => self.id),
    ids,
  );
});
