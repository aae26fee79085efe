/**
 * Connections that break at any byte, hang, or are stopped by a planned end of the edge, as tests that the caller names
 * unmodified clients for, which talk meanwhile: nothing that the edge has taken in is lost, doubled or out of order.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { startByteProxy } from './byte-proxy.ts';
import type { OctRelease } from './oct-client.ts';
import { startOctEdge } from './oct-edge.ts';
import type { OctEdge } from './oct-edge.ts';
import { eventually } from './oct-inbox.ts';
import { enterGuest, enterHost } from './oct-session.ts';
import { gatherRaw, speakAs, usesWebSocket } from './oct-speakers.ts';
import { checkHeard, randomFrom, talkUnderCuts } from './oct-speech.ts';
import type { SocketIoRelease, Transports } from './socket-io-releases.ts';

export async function checkNoGap(edge: OctEdge): Promise<void> {
  assert.equal(await edge.gaps(), 0);
  assert.ok((await edge.resumes()) > 0, 'members were back');
}

/** Declares the test. */
export function testRandomCuts(transports: Transports): void {
  void test(`cut at random bytes, socket.io-client 4.8.4 by ${transports.join(', then ')}`, async (t) => {
    const edge = await startOctEdge(t);
    const speakers = await gatherRaw(t, edge, { transports });
    const seed = randomInt(2 ** 32);
    const { cuts } = await talkUnderCuts(speakers, { rounds: 500, cutShare: 0.06, random: randomFrom(seed) });
    checkHeard(t, speakers, `seed ${seed}, ${cuts} cuts, ${await edge.resumes()} resumed`);
    await checkNoGap(edge);
  });
}

/** Declares the test. */
export function testCutsOfLibraries(first: OctRelease, second: OctRelease): void {
  void test(`cut at random bytes, open-collaboration-protocol ${first} and ${second}`, async (t) => {
    const edge = await startOctEdge(t);
    const ann = await enterHost(t, edge, { release: first });
    const speakers = [speakAs('ann', ann, undefined)];
    for (const [name, release] of [
      ['bob', first],
      ['cid', second],
    ] as const) {
      const path = await startByteProxy(t, edge);
      const member = await enterGuest(t, edge, ann.key, { name, release, url: path.url });
      speakers.push(speakAs(name, member, path));
    }
    await eventually(
      () => ann.events.items.filter(({ kind }) => kind === 'joined').length === 2,
      'all know all',
    );
    const seed = randomInt(2 ** 32);
    const { cuts } = await talkUnderCuts(speakers, { rounds: 60, cutShare: 0.15, random: randomFrom(seed) });
    checkHeard(t, speakers, `seed ${seed}, ${cuts} cuts, ${await edge.resumes()} resumed`);
    await checkNoGap(edge);
  });
}

/** Declares the test. */
export function testHang(release: OctRelease): void {
  void test(`a connection that hangs swallows nothing, requests included, release ${release}`, async (t) => {
    const edge = await startOctEdge(t);
    const ann = await enterHost(t, edge);
    const path = await startByteProxy(t, edge);
    const bob = await enterGuest(t, edge, ann.key, { release, url: path.url });
    bob.connection.fs.onReadFile(() => ({ content: new Uint8Array([7]) }));
    await eventually(() => edge.adapter.load().websockets === 2, 'no other connection is to come');
    const [from, to] = [speakAs('ann', ann, undefined), speakAs('bob', bob, path)];
    for (let n = 1; n <= 20; n++) await from.say(n);
    path.hang();
    for (let n = 21; n <= 40; n++) await from.say(n);
    const file = ann.connection.fs.readFile(bob.self.id, 'a');
    await eventually(async () => (await edge.messagesIn()) >= 41, 'the edge has taken all of it in');
    path.giveUp();
    assert.deepEqual([...(await file).content], [7]);
    assert.deepEqual(to.log.heardFrom(ann.self.id), from.log.sent);
    assert.equal(from.log.sent.length, 40);
    await checkNoGap(edge);
  });
}

/** Declares the test. */
export function testPlannedStop(release: SocketIoRelease, transports: Transports): void {
  const client = `socket.io-client ${release} by ${transports.join(', then ')}`;
  void test(`a planned stop loses nothing that clients have sent: ${client}`, async (t) => {
    const edge = await startOctEdge(t);
    const speakers = await gatherRaw(t, edge, { transports, release });
    let sent = 0;
    for (const { socket } of speakers) socket.onAnyOutgoing(() => sent++);
    for (let stop = 0; stop < 5; stop++) {
      await eventually(() => speakers.every(usesWebSocket), 'all are on WebSocket');
      let n = 0;
      const talking = setInterval(() => speakers.forEach((speaker) => speaker.say(stop * 10_000 + n++)), 1);
      t.after(() => clearInterval(talking));
      await eventually(() => n > 150, 'all talk');
      await edge.restart();
      await eventually(() => n > 450 && speakers.every(usesWebSocket), 'all are back and talk');
      clearInterval(talking);
    }
    await eventually(async () => (await edge.messagesIn()) >= sent, 'all that was sent has arrived');
    assert.equal(await edge.messagesIn(), sent);
    t.diagnostic(`5 stops, ${sent} messages sent, 0 lost, 0 doubled`);
  });
}
