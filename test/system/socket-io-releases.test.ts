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
import { checkHeard, checkHoles, randomFrom, talkUnderCuts } from '../support/oct-speech.ts';
import type { Speaker } from '../support/oct-speech.ts';
import { openPool } from '../support/pool.ts';
import { followCloses } from '../support/socket-io-closes.ts';
import { socketIoReleases, transportChoices } from '../support/socket-io-releases.ts';
import type { SocketIoRelease, Transports } from '../support/socket-io-releases.ts';

const sendBufferMaxBytes = 1_048_576;
const { pool, close } = openPool({ env: { CT_SEND_BUFFER_MAX_BYTES: String(sendBufferMaxBytes) } });
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
        rounds: 120,
        cutShare: 0.1,
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
      for (let n = 1; n <= 3_000; n++) ann.say(n);
      const heardAll = (): boolean => cid.log.heardFrom(ann.id).length === ann.log.sent.length;
      await eventually(heardAll, 'the edge has relayed it all');
      bob.socket.io.reconnection(true);
      bob.socket.connect();
      await eventually(() => bob.socket.connected, 'he is back');
      assert.equal(bob.socket.recovered, false);
      ann.say(0);
      await eventually(() => bob.log.heardFrom(ann.id).length > 0, 'the talk goes on');
      assert.deepEqual(bob.log.heardFrom(ann.id), ann.log.sent.slice(-1));
      assert.deepEqual(bob.log.introductions, [bob.id, bob.id], 'greeted anew, as the same member');
    });

    test(`a planned stop of the edge closes as it should, and all come back: ${client}`, async (t) => {
      const { key, speakers } = await gather(t, release, transports);
      const closes = speakers.map(({ socket }) => followCloses(socket));
      const returns = countReturns(speakers);
      const edge = await pool.edgeOf(key);
      let n = 0;
      const talking = setInterval(() => speakers.forEach((speaker) => speaker.say(n++)), 2);
      t.after(() => clearInterval(talking));
      await eventually(() => n > 300, 'all talk');
      process.kill(await pool.childPid(edge), 'SIGTERM');
      await eventually(() => returns.all >= 3 && speakers.every(usesWebSocket), 'all are back');
      const before = n;
      await eventually(() => n > before + 300, 'all talk again');
      clearInterval(talking);
      assert.notEqual(await pool.edgeOf(key), edge);
      for (const { reasons, codes } of closes) {
        assert.deepEqual(reasons, ['transport error'], 'the clients ended their connections, at the frame');
        assert.deepEqual(codes, [1005]);
      }
      await eventually(() => hearEachOther(speakers), 'the last words are heard');
      checkHoles(t, speakers, { holesMax: 1, note: `${returns.exact} of ${returns.all} returns exact` });
    });
  }
}

function hearEachOther(speakers: readonly Speaker[]): boolean {
  const hears = (to: Speaker, from: Speaker): boolean =>
    to.log.heardFrom(from.id).at(-1) === from.log.sent.at(-1);
  return speakers.every((from) => speakers.every((to) => to === from || hears(to, from)));
}
