/**
 * Unmodified Socket.IO clients 4.6, 4.7 and 4.8, by default transports and by WebSocket alone, through a real
 * front door to real edges: exact replay after cuts, a declared gap, and the frame that ends a planned stop.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { SessionTokens } from '#shared/session-token.ts';
import { eventually } from '../support/oct-inbox.ts';
import { gatherRaw, usesWebSocket } from '../support/oct-speakers.ts';
import { checkAllHeard, checkHeard, randomFrom, talkUnderCuts } from '../support/oct-speech.ts';
import type { Speaker } from '../support/oct-speech.ts';
import { moveElsewhere } from '../support/oct-moves.ts';
import { openPool } from '../support/pool.ts';
import { followCloses } from '../support/socket-io-closes.ts';
import { socketIoReleases, transportChoices } from '../support/socket-io-releases.ts';
import type { SocketIoRelease, Transports } from '../support/socket-io-releases.ts';

const sendBufferMaxBytes = 1_048_576;
/** Clients that a cut left dead in the middle of a poll cost a stop a second each. */
const stopGraceMs = 10_000;
const { pool, close } = openPool({
  env: {
    CT_SEND_BUFFER_MAX_BYTES: String(sendBufferMaxBytes),
    CT_STOP_GRACE_MS: String(stopGraceMs),
  },
});
before(async () => await pool.waitUntilReady());
after(close);

let sessions = 0;

interface Gathered {
  readonly key: string;
  readonly speakers: readonly Speaker[];
}

async function gather(t: TestContext, release: SocketIoRelease, transports: Transports): Promise<Gathered> {
  const key = `session-${++sessions}`;
  const place = { url: pool.url, tokens: new SessionTokens(pool.secret('session'), 1) };
  const speakers = await gatherRaw(t, place, { transports, release, key });
  await eventually(() => speakers.every(usesWebSocket), 'all are on WebSocket');
  return { key, speakers };
}

/** How often the speakers came back, and how often exactly where they were. */
function countReturns(speakers: readonly Speaker[]): { all: number; exact: number } {
  const returns = { all: 0, exact: 0 };
  for (const { socket } of speakers) {
    socket.on('connect', () => {
      returns.all++;
      if (socket.recovered) returns.exact++;
    });
  }
  return returns;
}

for (const release of socketIoReleases) {
  for (const transports of transportChoices) {
    const client = `socket.io-client ${release} by ${transports.join(', then ')}`;

    test(`who is cut off goes on exactly where it was: ${client}`, async (t) => {
      const { speakers } = await gather(t, release, transports);
      const returns = countReturns(speakers);
      const seed = randomInt(2 ** 32);
      const { cuts } = await talkUnderCuts(speakers, {
        rounds: 100,
        cutShare: 0.08,
        random: randomFrom(seed),
      });
      assert.ok(returns.all > 0, 'somebody was cut off');
      assert.equal(returns.exact, returns.all, `seed ${seed}`);
      checkHeard(t, speakers, `seed ${seed}, ${cuts} cuts, ${returns.exact} returns`);
    });

    test(`who missed more than is kept hears nothing of it, and is told: ${client}`, async (t) => {
      const { speakers } = await gather(t, release, transports);
      const [ann, bob, cid] = speakers as [Speaker, Speaker, Speaker];
      bob.socket.io.reconnection(false);
      bob.path!.cut(0);
      await eventually(() => !bob.socket.connected, 'he is away');
      const heardAll = (): boolean => cid.log.heardFrom(ann.id).length === ann.log.sent.length;
      // In portions: all of it at once is more than may wait for a member who is slow to read.
      for (let n = 1; n <= 3_000; n++) {
        ann.say(n);
        if (n % 200 === 0) await eventually(heardAll, 'the edge has relayed it all');
      }
      bob.socket.io.reconnection(true);
      bob.socket.connect();
      await eventually(() => bob.socket.connected, 'he is back');
      assert.equal(bob.socket.recovered, false);
      ann.say(0);
      await eventually(() => bob.log.heardFrom(ann.id).length > 0, 'the talk goes on');
      assert.deepEqual(bob.log.heardFrom(ann.id), ann.log.sent.slice(-1));
      assert.deepEqual(bob.log.introductions, [bob.id, bob.id], 'greeted anew, as the same member');
    });

    test(`a planned stop and a move end connections at their frame, and cost nothing: ${client}`, async (t) => {
      const { key, speakers } = await gather(t, release, transports);
      const talk = startTalking(t, speakers);
      for (const leave of [stopEdge, moveAway]) {
        const closes = speakers.map(({ socket }) => followCloses(socket));
        const returns = countReturns(speakers);
        await talk.goOn('all talk');
        const edge = await pool.edgeOf(key);
        await leave(key, edge);
        await eventually(() => returns.all >= 3 && speakers.every(usesWebSocket), 'all are back');
        await talk.goOn('all talk again');
        assert.notEqual(await pool.edgeOf(key), edge);
        assert.deepEqual(returns, { all: 3, exact: 3 });
        for (const { reasons, codes } of closes) {
          assert.deepEqual(reasons, ['transport error'], 'the client ended the connection, at the frame');
          assert.deepEqual(codes, [1005]);
        }
      }
      talk.end();
      await checkAllHeard(t, speakers, 'a stop and a move');
    });
  }
}

/** As an administrator would, or whoever updates the machine. */
async function stopEdge(_key: string, edge: string): Promise<void> {
  process.kill(await pool.childPid(edge), 'SIGTERM');
}

async function moveAway(key: string): Promise<void> {
  const isReady = ({ state }: { state: string }): boolean => state === 'ready';
  await eventually(async () => (await pool.edges()).filter(isReady).length === 3, 'all are ready');
  await moveElsewhere(pool, key);
}

/** All talk at once, again and again, until the end. */
function startTalking(
  t: TestContext,
  speakers: readonly Speaker[],
): { goOn: (what: string) => Promise<void>; end: () => void } {
  let rounds = 0;
  const talking = setInterval(() => {
    rounds++;
    for (const speaker of speakers) speaker.say(rounds);
  }, 2);
  const end = (): void => clearInterval(talking);
  t.after(end);
  const goOn = async (what: string): Promise<void> => {
    const target = rounds + 100;
    await eventually(() => rounds >= target, what);
  };
  return { goOn, end };
}
