/**
 * Members who talk while their connections break, looked at from the wire: which sealed broadcasts each has sent
 * and heard, in order. Order is judged there, for clients open what they hear in an order of their own.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Socket } from 'socket.io-client';
import type { ByteProxy } from './byte-proxy.ts';
import { eventually } from './oct-inbox.ts';
import type { WireLog } from './oct-envelopes.ts';

export interface Speaker {
  readonly name: string;
  readonly id: string;
  readonly socket: Socket;
  readonly log: WireLog;
  /** The path that is cut; undefined for one whose connection stands. */
  readonly path: ByteProxy | undefined;
  say(n: number): unknown;
}

/** A sequence of numbers from 0 to 1 that follows from its seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** All talk for so many rounds, while random connections are cut at random bytes; ends when all is heard. */
export async function talkUnderCuts(
  speakers: readonly Speaker[],
  { rounds, cutShare, random }: { rounds: number; cutShare: number; random: () => number },
): Promise<{ readonly cuts: number }> {
  let cuts = 0;
  const said: unknown[] = [];
  for (let n = 1; n <= rounds; n++) {
    for (const speaker of speakers) {
      said.push(speaker.say(n));
      if (speaker.path === undefined || random() >= cutShare) continue;
      speaker.path.cut(random() < 0.3 ? 0 : Math.ceil(random() * 3_000));
      cuts++;
    }
    await pass(Math.floor(random() * 8));
  }
  // Cuts that still wait for their bytes happen now; then there are no more.
  for (const { path } of speakers) path?.cut(0);
  await eventually(() => speakers.every(({ socket }) => socket.connected), 'all are back');
  await Promise.all(said);
  await sayLastWords(speakers, rounds + 1);
  return { cuts };
}

/** A connection that was cut may look sound for a moment, and swallow what is said: then it is said again. */
async function sayLastWords(speakers: readonly Speaker[], n: number): Promise<void> {
  const deadline = performance.now() + lastWordsMaxMs;
  for (let attempt = 0; performance.now() < deadline; attempt++) {
    await Promise.all(speakers.map((speaker) => speaker.say(n + attempt)));
    for (let look = 0; look < 100; look++) {
      if (speakers.every((from) => others(speakers, from).every((to) => hasHeardAll(to, from)))) return;
      await pass(5);
    }
  }
  assert.fail('the last words are not heard');
}

function hasHeardAll(to: Speaker, from: Speaker): boolean {
  return to.log.heardFrom(from.id).at(-1) === from.log.sent.at(-1);
}

/**
 * A client whose WebSocket is cut while it changes over from polling does neither, and says nothing, until it
 * misses a ping: 15 s.
 */
const lastWordsMaxMs = 30_000;

/**
 * What the witness, whose connection stood, has sent, everybody heard, and what it heard, everybody heard: all
 * once and in order. What others sent may be lost on its way up with their connection, in no other way.
 */
export function checkHeard(t: TestContext, speakers: readonly Speaker[], note: string): void {
  const witness = speakers.find(({ path }) => path === undefined)!;
  let [sent, lostOnTheWayUp, delivered] = [0, 0, 0];
  for (const from of speakers) {
    const relayed = from === witness ? from.log.sent : witness.log.heardFrom(from.id);
    assert.deepEqual(
      relayed,
      from.log.sent.filter((hash) => relayed.includes(hash)),
      `${from.name} in order; ${note}`,
    );
    assert.equal(new Set(from.log.sent).size, from.log.sent.length, 'each broadcast has its own hash');
    for (const to of others(speakers, from)) {
      assert.deepEqual(to.log.heardFrom(from.id), relayed, `${to.name} hears ${from.name}; ${note}`);
      delivered += relayed.length;
    }
    sent += from.log.sent.length;
    lostOnTheWayUp += from.log.sent.length - relayed.length;
  }
  t.diagnostic(
    `${note}: ${sent} sent, ${lostOnTheWayUp} lost on the way up, ${delivered} deliveries: 0 lost, 0 doubled`,
  );
}

/** Everybody heard all that anybody sent, once and in order; waits for the last words. */
export async function checkAllHeard(
  t: TestContext,
  speakers: readonly Speaker[],
  note: string,
): Promise<void> {
  await eventually(
    () => speakers.every((from) => others(speakers, from).every((to) => hasHeardAll(to, from))),
    `the last words are heard; ${note}`,
  );
  let delivered = 0;
  for (const from of speakers) {
    for (const to of others(speakers, from)) {
      assert.deepEqual(to.log.heardFrom(from.id), from.log.sent, `${to.name} hears ${from.name}; ${note}`);
      delivered += from.log.sent.length;
    }
  }
  t.diagnostic(`${note}: ${delivered} deliveries, 0 lost, 0 doubled, 0 out of order`);
}

function others(speakers: readonly Speaker[], one: Speaker): readonly Speaker[] {
  return speakers.filter((speaker) => speaker !== one);
}

async function pass(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  await promise;
}
