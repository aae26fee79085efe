/**
 * Clients of both Open Collaboration releases in one session, in both roles: let in and refused, requests either
 * way, broadcasts, exact returns after cuts, and a planned stop of their edge, through a real front door.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { startByteProxy } from '../support/byte-proxy.ts';
import { joinSession, logIn } from '../support/oct-client.ts';
import type { OctMember, OctRelease } from '../support/oct-client.ts';
import { eventually } from '../support/oct-inbox.ts';
import { enterPoolGuest, enterPoolHost } from '../support/oct-moves.ts';
import { speakAs, usesWebSocket } from '../support/oct-speakers.ts';
import { checkAllHeard, checkHeard, randomFrom, talkUnderCuts } from '../support/oct-speech.ts';
import type { Speaker } from '../support/oct-speech.ts';
import { openPool } from '../support/pool.ts';

const { pool, close } = openPool({ env: { CT_STOP_GRACE_MS: '10000' } });
before(async () => await pool.waitUntilReady());
after(close);

const pairs: readonly (readonly [OctRelease, OctRelease])[] = [
  ['0.3.0', '0.3.3'],
  ['0.3.3', '0.3.0'],
];

/** A host of one release with a guest of each, on paths that can be cut; `returns` says which were exact. */
async function gather(
  t: TestContext,
  hostRelease: OctRelease,
): Promise<{ key: string; speakers: readonly Speaker[]; returns: readonly boolean[] }> {
  const ann = await enterPoolHost(t, pool, { release: hostRelease });
  const guests: Speaker[] = [];
  for (const [name, release] of [
    ['bob', '0.3.0'],
    ['cid', '0.3.3'],
  ] as const) {
    const path = await startByteProxy(t, pool);
    const member = await enterPoolGuest(t, pool, { key: ann.key, name, release, url: path.url });
    guests.push(speakAs(name, member, path));
  }
  await knowsOf(ann, 2);
  const speakers = [speakAs('ann', ann, undefined), ...guests];
  await eventually(() => speakers.every(usesWebSocket), 'all are on WebSocket');
  const returns: boolean[] = [];
  for (const { socket } of speakers) socket.on('connect', () => returns.push(socket.recovered));
  return { key: ann.key, speakers, returns };
}

async function knowsOf(ann: OctMember, guests: number): Promise<void> {
  await eventually(
    () => ann.events.items.filter(({ kind }) => kind === 'joined').length === guests,
    'the host knows its guests',
  );
}

for (const [hostRelease, guestRelease] of pairs) {
  const cast = `host ${hostRelease}, guest ${guestRelease}`;

  test(`requests and notifications go both ways, and each has one answer: ${cast}`, async (t) => {
    const ann = await enterPoolHost(t, pool, { release: hostRelease });
    const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob', release: guestRelease });
    await knowsOf(ann, 1);
    for (const [asker, answerer] of [
      [ann, bob],
      [bob, ann],
    ] as const) {
      let asked = 0;
      answerer.connection.fs.onReadFile((origin, path) => {
        assert.equal(origin, asker.self.id);
        return { content: new TextEncoder().encode(`${path}, ${++asked}`) };
      });
      const paths = Array.from({ length: 20 }, (_, i) => `src/${i}.ts`);
      const answers = await Promise.all(
        paths.map(async (path) => await asker.connection.fs.readFile(answerer.self.id, path)),
      );
      const texts = answers.map(({ content }) => new TextDecoder().decode(content).split(',')[0]);
      assert.deepEqual(texts, paths);
      assert.equal(asked, paths.length);
    }
  });

  test(`who is refused is told so, and the session goes on: ${cast}`, async (t) => {
    const ann = await enterPoolHost(t, pool, {
      release: hostRelease,
      approves: (user) => user.name !== 'eve',
    });
    const loginToken = await logIn(pool.url, 'eve', guestRelease);
    await assert.rejects(joinSession({ url: pool.url, loginToken, release: guestRelease }, ann.key));
    const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob', release: guestRelease });
    assert.equal(bob.self.host, false);
    await knowsOf(ann, 1);
  });

  test(`members who are cut off go on where they were: host ${hostRelease}, a guest of each`, async (t) => {
    const { speakers, returns } = await gather(t, hostRelease);
    const seed = randomInt(2 ** 32);
    const { cuts } = await talkUnderCuts(speakers, { rounds: 60, cutShare: 0.1, random: randomFrom(seed) });
    checkHeard(t, speakers, `seed ${seed}, ${cuts} cuts`);
    assert.ok(
      returns.length > 0 && returns.every((isExact) => isExact),
      `seed ${seed}: ${returns.join(' ')}`,
    );
  });

  test(`a planned stop of the edge costs no message: host ${hostRelease}, a guest of each`, async (t) => {
    const { key, speakers, returns } = await gather(t, hostRelease);
    let n = 0;
    const talking = setInterval(() => {
      n++;
      for (const speaker of speakers) void speaker.say(n);
    }, 15);
    t.after(() => clearInterval(talking));
    await eventually(() => n > 20, 'all talk');
    process.kill(await pool.childPid(await pool.edgeOf(key)), 'SIGTERM');
    await eventually(() => returns.length === 3 && speakers.every(usesWebSocket), 'all are back');
    const before = n;
    await eventually(() => n > before + 20, 'all talk again');
    clearInterval(talking);
    assert.deepEqual(returns, [true, true, true]);
    await checkAllHeard(t, speakers, cast);
  });
}
