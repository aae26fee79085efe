/** When looks at a database that is down begin and end, on a driver that answers as it is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SqlConnection } from './sql-driver.ts';
import { StandingLooks } from './standing-looks.ts';

interface Scripted {
  readonly looks: StandingLooks;
  /** Those under way, in the order in which they began. */
  readonly underWay: PromiseWithResolvers<void>[];
  readonly clock: { nowMs: number };
  readonly sightings: () => number;
  readonly leave: () => void;
}

function openScripted(): Scripted {
  const underWay: PromiseWithResolvers<void>[] = [];
  const clock = { nowMs: 0 };
  let sightings = 0;
  const looks = new StandingLooks({
    driver: {
      look: async (signal) => {
        const look = Promise.withResolvers<void>();
        signal.addEventListener('abort', () => look.reject(signal.reason));
        underWay.push(look);
        await look.promise;
      },
    },
    nowMs: () => clock.nowMs,
  });
  const leave = looks.join(() => sightings++);
  return { looks, underWay, clock, sightings: () => sightings, leave };
}

const patientMs = 60_000;

test('the more looks are under way, the later the next one begins, and there are four at most', async () => {
  const { looks, underWay, clock } = openScripted();
  const waiting: Promise<void>[] = [];
  const begunAtMs: number[] = [];
  for (; clock.nowMs <= 44_000; clock.nowMs += 500) {
    waiting.push(looks.sighted(patientMs));
    if (underWay.length > begunAtMs.length) begunAtMs.push(clock.nowMs);
  }
  assert.deepEqual(begunAtMs, [0, 1_500, 5_500, 13_500]);
  underWay[2]!.resolve();
  await Promise.all(waiting);
});

test('whoever waits goes on when the oldest look has its answer, and the look outlives who began it', async () => {
  const { looks, underWay, clock, sightings } = openScripted();
  await assert.rejects(looks.sighted(1), /no answer in time/);
  clock.nowMs += 100;
  const waiting = looks.sighted(patientMs);
  assert.equal(underWay.length, 1);
  underWay[0]!.resolve();
  await waiting;
  assert.equal(sightings(), 1);
});

test('a look that fails is told to who began it, and the next one begins a quarter of a second after it did', async () => {
  const { looks, underWay, clock, sightings } = openScripted();
  const first = looks.sighted(patientMs);
  underWay[0]!.reject(new Error('refused'));
  await assert.rejects(first, /refused/);
  clock.nowMs += 249;
  await assert.rejects(looks.sighted(1), /no answer in time/);
  assert.equal(underWay.length, 1);
  clock.nowMs += 1;
  const second = looks.sighted(patientMs);
  assert.equal(underWay.length, 2);
  underWay[1]!.resolve();
  await second;
  assert.equal(sightings(), 1);
});

test('all stores on a server are told of each look’s answer, and those under way end when the last one has left', async () => {
  const { looks, underWay, clock, sightings, leave } = openScripted();
  let others = 0;
  const leaveToo = looks.join(() => others++);
  const waiting = [looks.sighted(patientMs), looks.sighted(patientMs)];
  assert.equal(underWay.length, 1);
  underWay[0]!.resolve();
  await Promise.all(waiting);
  assert.deepEqual([sightings(), others], [1, 1]);
  leave();
  assert.equal(looks.isClosed, false);
  clock.nowMs += 250;
  const last = looks.sighted(patientMs);
  leaveToo();
  assert.equal(looks.isClosed, true);
  await assert.rejects(last, { name: 'AbortError' });
});

/** A connection that notes what is done to it; `answers`: whether it answers another statement. */
function noteConnection(answers = true): { connection: SqlConnection; notes: string[] } {
  const notes: string[] = [];
  const connection: SqlConnection = {
    isNew: false,
    run: async (statement) => {
      notes.push(statement);
      if (!answers) throw new Error('broken');
      return await Promise.resolve({ rows: [], changes: 0, insertId: 0 });
    },
    release: () => notes.push('release'),
    destroy: () => notes.push('destroy'),
  };
  return { connection, notes };
}

test('a connection that answers late goes back to its pool, and tells that the server is there', async () => {
  for (const isRefused of [false, true]) {
    const { looks, leave, sightings } = openScripted();
    const { connection, notes } = noteConnection();
    const answer = Promise.withResolvers<void>();
    assert.equal(looks.keep(connection, answer.promise), true);
    assert.equal(looks.keep(noteConnection().connection, answer.promise), false);
    const waiting = looks.sighted(patientMs);
    if (isRefused) answer.reject(new Error('duplicate key'));
    else answer.resolve();
    await waiting;
    assert.deepEqual(notes, ['ROLLBACK', 'release']);
    assert.equal(sightings(), 1);
    leave();
  }
});

test('a connection that breaks while it is waited for tells nothing, and another one may be kept', async () => {
  const { looks, sightings } = openScripted();
  const { connection, notes } = noteConnection(false);
  assert.equal(looks.keep(connection, Promise.reject(new Error('broken'))), true);
  await assert.rejects(looks.sighted(1), /no answer in time/);
  assert.deepEqual(notes, ['ROLLBACK', 'destroy']);
  assert.equal(sightings(), 0);
  assert.equal(looks.keep(noteConnection().connection, Promise.resolve()), true);
});

test('a connection is not waited for any more when the database answers others, nor after the end', async () => {
  const { looks, leave, sightings } = openScripted();
  const { connection, notes } = noteConnection();
  const answer = Promise.withResolvers<void>();
  looks.keep(connection, answer.promise);
  looks.letGo();
  assert.deepEqual(notes, ['destroy']);
  answer.resolve();
  await assert.rejects(looks.sighted(1), /no answer in time/);
  assert.deepEqual(notes, ['destroy']);
  assert.equal(sightings(), 0);
  leave();
  assert.equal(looks.keep(connection, answer.promise), false);
});

test('a store that leaves has its connection back, though others look on', async () => {
  const { looks, leave } = openScripted();
  const leaveToo = looks.join(() => undefined);
  const { connection, notes } = noteConnection();
  looks.keep(connection, Promise.withResolvers<void>().promise);
  leave();
  assert.deepEqual(notes, ['destroy']);
  assert.equal(looks.isClosed, false);
  leaveToo();
  assert.equal(looks.isClosed, true);
});

test('a connection that hangs is let go when a new one has an answer, and after the end no look begins', async () => {
  const { looks, leave, underWay, clock } = openScripted();
  const { connection, notes } = noteConnection();
  looks.keep(connection, Promise.withResolvers<void>().promise);
  clock.nowMs += 1_500;
  const waiting = looks.sighted(patientMs);
  underWay[0]!.resolve();
  await waiting;
  assert.deepEqual(notes, ['destroy']);
  leave();
  clock.nowMs += 60_000;
  await assert.rejects(looks.sighted(patientMs), { name: 'AbortError' });
  assert.equal(underWay.length, 1);
});
