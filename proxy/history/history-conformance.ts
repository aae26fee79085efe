/** What the history says of records, whichever database keeps it; run by the tests of each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { staysMark } from '#shared/journal/journal-words.ts';
import type { JournalEntry } from '#shared/journal/journal-record.ts';
import { dayOf } from './day.ts';
import { hour, keepLong, openOne, wholeSession } from './history-scene.ts';
import type { HistoryScene, Teller } from './history-scene.ts';

export function testHistory(name: string, scene: HistoryScene): void {
  testSessions(name, scene);
  testOrder(name, scene);
  testPresence(name, scene);
  testDays(name, scene);
  testKeeping(name, scene);
}

function testSessions(name: string, scene: HistoryScene): void {
  void test(`${name}: a session is counted with its length, its people each once, and their clients`, async (t) => {
    const { store, ask } = await openOne(t, scene);
    const nowMs = Date.now();
    const { ended, fresh } = await store.append(wholeSession(scene.newTeller(), nowMs));
    assert.equal(fresh.length, 9);
    assert.equal(ended[0]!.participants, 3);
    assert.deepEqual([ended[0]!.client, ended[0]!.version], ['Visual Studio Code', '0.3.1']);
    const summary = await ask.summary(2);
    assert.deepEqual(
      { ...summary, uniqueUsers: summary.uniqueUsers },
      {
        uniqueUsers: 2,
        sessions: 1,
        ended: 1,
        length: { averageSeconds: 3_600, maximumSeconds: 3_600 },
        participants: { average: 3, maximum: 3 },
        peakConnections: 0,
        averageLagMs: 0,
        downloads: 0,
      },
    );
    assert.deepEqual(await ask.clients(2), {
      hosts: [{ client: 'Visual Studio Code', version: '0.3.1', count: 1 }],
      guests: [
        { client: 'Theia IDE', version: '', count: 1 },
        { client: 'unidentified', version: '', count: 1 },
      ],
    });
  });

  void test(`${name}: what is told again, in parts and by several front doors at once, is counted once`, async (t) => {
    const { store, ask, more } = await openOne(t, scene);
    const other = await more();
    const nowMs = Date.now();
    const tellers = Array.from({ length: 5 }, () => scene.newTeller());
    const told = tellers.map((teller, at) => [
      ...wholeSession(teller, nowMs).map((entry) => ({ ...entry, key: `key-${at}` })),
      teller.pool(10 + at, 2, nowMs),
      teller.download('vscode', '1.0.0', 1, nowMs),
    ]);
    await Promise.all(
      told.flatMap((records) => [
        store.append(records.slice(0, 6)).then(async () => await store.append(records)),
        other.append(records),
        other.append(records),
      ]),
    );
    const { sessions, ended, uniqueUsers, peakConnections, averageLagMs, downloads } = await ask.summary(2);
    assert.deepEqual(
      { sessions, ended, uniqueUsers, peakConnections, averageLagMs, downloads },
      { sessions: 5, ended: 5, uniqueUsers: 2, peakConnections: 14, averageLagMs: 2, downloads: 5 },
    );
    assert.deepEqual((await ask.downloads(2)).total, [{ client: 'vscode', version: '1.0.0', count: 5 }]);
  });
}

function testOrder(name: string, scene: HistoryScene): void {
  void test(`${name}: a session that goes on at another edge is one, also where its first edge tells last`, async (t) => {
    const { store, ask } = await openOne(t, scene);
    const nowMs = Date.now();
    const [first, next] = [scene.newTeller(), scene.newTeller()];
    const records = wholeSession(first, nowMs);
    const takenOver = next.entry({ event: 'session.taken-over', atMs: nowMs - hour / 2 });
    const end = next.entry({ event: 'session.ended', detail: 'reason host-left', atMs: nowMs });
    await store.append([takenOver, end]);
    await store.append(records.slice(0, -1));
    const { sessions, ended, uniqueUsers } = await ask.summary(2);
    assert.deepEqual({ sessions, ended, uniqueUsers }, { sessions: 1, ended: 1, uniqueUsers: 2 });
  });

  void test(`${name}: members of y-websocket that come back to another edge are in the same session, and to an old one that is over in another`, async (t) => {
    const { store, ask } = await openOne(t, scene);
    const nowMs = Date.now();
    const [first, next] = [scene.newTeller(), scene.newTeller()];
    const created = { event: 'session.created', detail: 'adapter y' } as const;
    const joined = { event: 'member.joined', detail: 'document notes' } as const;
    const at = (minutes: number): { atMs: number } => ({ atMs: nowMs - hour + minutes * 60_000 });
    await store.append([
      first.entry({ ...created, ...at(0) }),
      first.entry({ ...joined, ...at(0) }),
      first.entry({ ...joined, ...at(1) }),
      first.entry({ event: 'session.ended', detail: 'reason edge-leaving, adapter y', ...at(10) }),
    ]);
    assert.equal((await ask.summary(2)).ended, 0);
    await store.append([
      next.entry({ ...created, ...at(11) }),
      next.entry({ ...joined, ...at(11) }),
      next.entry({ event: 'session.ended', detail: 'reason client-left, adapter y', ...at(30) }),
    ]);
    const { sessions, length, participants } = await ask.summary(2);
    assert.deepEqual(
      { sessions, ...length, ...participants },
      { sessions: 1, averageSeconds: 1_800, maximumSeconds: 1_800, average: 2, maximum: 2 },
    );
    await store.append([next.entry({ ...created, ...at(40) })]);
    assert.equal((await ask.summary(2)).sessions, 2);
  });

  void test(`${name}: the late word of an edge whose session goes on at another ends nothing`, async (t) => {
    const { store, ask } = await openOne(t, scene);
    const nowMs = Date.now();
    const [first, next] = [scene.newTeller(), scene.newTeller()];
    const at = (minutes: number): { atMs: number } => ({ atMs: nowMs - hour + minutes * 60_000 });
    const end = (reason: string, minutes: number): JournalEntry =>
      first.entry({ event: 'session.ended', detail: `reason ${reason}, adapter y`, ...at(minutes) });
    await store.append([first.entry({ event: 'session.created', detail: 'adapter y', ...at(0) })]);
    await store.append([next.entry({ event: 'session.taken-over', detail: 'adapter y', ...at(10) })]);
    await store.append([end('edge-leaving', 9), end('fenced', 15)]);
    const { ended } = await store.removeOld(keepLong);
    assert.deepEqual([ended, (await ask.summary(2)).ended], [[], 0]);
  });
}

function testPresence(name: string, scene: HistoryScene): void {
  void test(`${name}: people who are here are told apart, whichever edges they are on, and a session whose end nobody told ends with its pin`, async (t) => {
    const { store, ask } = await openOne(t, scene);
    const [first, next] = [scene.newTeller(), scene.newTeller()];
    const nowMs = Date.now();
    const at = (minutes: number): { atMs: number } => ({ atMs: nowMs - hour + minutes * 60_000 });
    const join = (teller: Teller, key: string, person: string): JournalEntry =>
      teller.entry({ event: 'member.joined', key, person, ...at(1) });
    await store.append([
      first.entry({ event: 'session.created', key: 'one', ...at(0) }),
      join(first, 'one', 'a'),
      join(first, 'one', 'b'),
      join(first, 'one', ''),
      first.entry({ event: 'member.left', key: 'one', person: 'b', ...at(2) }),
      join(first, 'one', 'a'),
      first.entry({ event: 'member.left', key: 'one', person: 'a', detail: `left, ${staysMark}`, ...at(2) }),
    ]);
    await store.append([
      next.entry({ event: 'session.created', key: 'two', ...at(0) }),
      join(next, 'two', 'a'),
      join(next, 'two', 'c'),
      next.entry({ event: 'session.ended', key: 'two', detail: 'reason host-left', ...at(30) }),
    ]);
    assert.equal(await ask.present(), 2);
    const [ended] = await store.endSessions(['one', 'two', 'never there']);
    assert.deepEqual(
      [ended!.key, ended!.reason, ended!.endedMs - ended!.begunMs],
      ['one', 'abandoned', 120_000],
    );
    assert.deepEqual([await ask.present(), (await ask.summary(2)).ended], [0, 2]);
    assert.deepEqual(await store.endSessions(['one']), []);
  });
}

function testDays(name: string, scene: HistoryScene): void {
  void test(`${name}: days begin and end in the time zone that is set, and none is left out`, async (t) => {
    const timeZone = 'Pacific/Kiritimati';
    const { store, ask } = await openOne(t, scene, timeZone);
    const teller = scene.newTeller();
    const nowMs = Date.now();
    const today = dayOf(nowMs, timeZone);
    let before = nowMs;
    while (dayOf(before, timeZone) === today) before -= hour;
    await store.append([
      teller.entry({ event: 'session.created', atMs: nowMs, key: 'one' }),
      teller.entry({ event: 'session.created', atMs: before, key: 'two' }),
      teller.entry({ event: 'login.completed', atMs: nowMs, key: '', person: 'of today' }),
      teller.entry({ event: 'login.completed', atMs: before, key: '', person: 'of yesterday' }),
      teller.pool(7, 1, before),
      teller.download('cli', '2.0.0', 3, before),
    ]);
    const days = await ask.days(4);
    assert.equal(days.length, 4);
    assert.equal(days[3]!.day, today);
    const figures = days.map(({ sessions, peakConnections, downloads }) => [
      sessions,
      peakConnections,
      downloads,
    ]);
    assert.deepEqual(figures, [
      [0, 0, 0],
      [0, 0, 0],
      [1, 7, 3],
      [1, 0, 0],
    ]);
    assert.equal((await ask.days(1))[0]!.sessions, 1);
    const figuresOf = async (count: number): Promise<number[]> => {
      const { sessions, uniqueUsers } = await ask.summary(count);
      return [sessions, uniqueUsers];
    };
    assert.deepEqual(
      [await figuresOf(1), await figuresOf(2)],
      [
        [1, 1],
        [2, 2],
      ],
    );
  });

  void test(`${name}: clients that anybody invents are bounded, and counted as others`, async (t) => {
    const { store, ask } = await openOne(t, scene);
    const teller = scene.newTeller();
    const nowMs = Date.now();
    const records = Array.from({ length: 300 }, (_, at) => teller.download(`client-${at}`, '1', 1, nowMs));
    await store.append(records);
    await store.append(Array.from({ length: 50 }, (_, at) => teller.download(`more-${at}`, '1', 1, nowMs)));
    const { total } = await ask.downloads(2);
    assert.ok(total.length <= 201, `${total.length}`);
    assert.equal(total[0]!.client, 'others');
    assert.equal(
      total.reduce((sum, { count }) => sum + count, 0),
      350,
    );
  });
}

function testKeeping(name: string, scene: HistoryScene): void {
  void test(`${name}: what is older than it is kept goes, and a session that nobody went on with is over`, async (t) => {
    const { store, ask } = await openOne(t, scene);
    const teller = scene.newTeller();
    const nowMs = Date.now();
    const longAgo = nowMs - 100 * 24 * hour;
    const rule = { ...keepLong, auditKeepMs: hour, usageKeepMs: hour };
    await store.append([
      teller.entry({ event: 'session.created', atMs: longAgo, key: 'long ago' }),
      teller.entry({ event: 'login.completed', atMs: longAgo, key: '', person: 'gone' }),
      teller.download('cli', '1', 1, longAgo),
      teller.entry({ event: 'session.created', atMs: nowMs - 2 * hour, key: 'left' }),
      teller.entry({
        event: 'session.ended',
        atMs: nowMs - hour,
        key: 'left',
        detail: 'reason edge-leaving, adapter y',
      }),
    ]);
    assert.equal(
      (await ask.days(200)).reduce((sum, { sessions }) => sum + sessions, 0),
      2,
    );
    const { ended } = await store.removeOld(rule);
    assert.deepEqual(
      ended.map(({ key, begunMs, endedMs }) => ({ key, lengthMs: endedMs - begunMs })),
      [{ key: 'left', lengthMs: hour }],
    );
    const { sessions, uniqueUsers, downloads } = await ask.summary(200);
    assert.deepEqual({ sessions, uniqueUsers, downloads }, { sessions: 1, uniqueUsers: 0, downloads: 0 });
  });
}
