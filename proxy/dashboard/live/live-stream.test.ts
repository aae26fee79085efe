/** The stream of a dashboard by itself: looked at only while somebody watches, bounded for whoever is slow, ended in words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { eventually } from '../../../test/support/oct-inbox.ts';
import { LiveStream } from './live-stream.ts';
import { applyChange } from './picture.ts';
import type { Picture, PictureChange, Snapshot } from './picture.ts';

const licence = { connectionsMax: 0, licence: 'none', licenceDaysLeft: 0 } as const;
const figures = { users: 0, sessions: 0, connections: 0, lagMs: 0, edges: 0, ready: 0, ...licence };
const banner = { text: '', level: 'info' } as const;
const history = { users: [], sessions: [], connections: [], lagMs: [], edges: {} };

/** A pool whose every look differs from the one before, by much. */
class BusyPool {
  looks = 0;
  readonly history = history;

  sample(): void {
    // Nothing is kept here.
  }

  async look(): Promise<Picture> {
    const look = ++this.looks;
    const places = Object.fromEntries(
      Array.from({ length: 400 }, (_, i) => [`session-${i}`, `edge-${look}`]),
    );
    return await Promise.resolve({
      pool: { ...figures, sessions: look },
      banner,
      edges: {},
      places,
      doors: {},
    });
  }
}

function open(t: TestContext): { pool: BusyPool; stream: LiveStream; stopping: AbortController } {
  const pool = new BusyPool();
  const stopping = new AbortController();
  t.after(() => stopping.abort());
  return {
    pool,
    stopping,
    stream: new LiveStream({ watch: pool, signal: stopping.signal, lookIntervalMs: 1 }),
  };
}

interface Told {
  readonly event: string;
  readonly data: unknown;
}

/** What a viewer takes, event by event. */
async function* follow(
  stream: LiveStream,
  signal: AbortSignal,
  isStillIn = (): boolean => true,
): AsyncGenerator<Told> {
  for await (const piece of stream.open(signal, isStillIn).pieces) {
    for (const block of Buffer.from(piece).toString().split('\n\n').slice(0, -1)) {
      const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      yield { event, data: JSON.parse(data) as unknown };
    }
  }
}

test('nothing is looked at while nobody watches', async (t) => {
  const { pool, stream } = open(t);
  assert.equal(pool.looks, 0);
  const leaving = new AbortController();
  const viewer = follow(stream, leaving.signal);
  await viewer.next();
  await eventually(() => pool.looks > 3, 'the pool is looked at');
  leaving.abort();
  while (!(await viewer.next()).done);
  let last = -1;
  await eventually(() => {
    const rests = pool.looks === last;
    last = pool.looks;
    return rests;
  }, 'nobody looks any more');
});

test('whoever takes nothing for a while gets a snapshot in place of what gathered, and is as up to date as anybody', async (t) => {
  const { pool, stream } = open(t);
  const leaving = new AbortController();
  t.after(() => leaving.abort());
  const slow = follow(stream, leaving.signal);
  assert.equal(((await slow.next()).value as Told).event, 'snapshot');
  // Far more than may wait: each change is 10 KB.
  await eventually(() => pool.looks > 40, 'many changes');
  const events: string[] = [];
  let picture: Picture | undefined;
  const missed = pool.looks;
  while ((picture?.pool.sessions ?? 0) < missed) {
    const { event, data } = (await slow.next()).value as Told;
    events.push(event);
    if (event === 'snapshot') ({ picture } = data as Snapshot);
    if (event === 'change' && picture !== undefined) picture = applyChange(picture, data as PictureChange);
  }
  assert.ok(events.includes('snapshot'), events.join(' '));
  assert.ok(events.length < 20, `${events.length} events had waited`);
  assert.equal(picture?.places['session-7'], `edge-${picture?.pool.sessions}`);
});

test('a stream ends with a word where its viewer is logged out, and where the front door stops', async (t) => {
  const { stream, stopping } = open(t);
  let isIn = true;
  const { signal } = new AbortController();
  const [out, stopped] = [follow(stream, signal, () => isIn), follow(stream, signal)];
  await Promise.all([out.next(), stopped.next()]);
  isIn = false;
  assert.equal(await lastEvent(out), 'out');
  stopping.abort();
  assert.equal(await lastEvent(stopped), 'pause');
});

/** A pool whose looks end when the test says so, by timers of the test. */
class HeldPool {
  readonly held: ((sessions: number) => void)[] = [];
  readonly history = history;

  sample(): void {
    // Nothing is kept here.
  }

  async look(): Promise<Picture> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.held.push(resolve);
    return { pool: { ...figures, sessions: await promise }, banner, edges: {}, places: {}, doors: {} };
  }
}

/** Whatever waits for nothing has happened. */
async function turn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  await promise;
}

function openHeld(t: TestContext): { pool: HeldPool; stream: LiveStream; pass: () => Promise<void> } {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const pool = new HeldPool();
  const stopping = new AbortController();
  t.after(() => stopping.abort());
  const stream = new LiveStream({ watch: pool, signal: stopping.signal, lookIntervalMs: 1 });
  const pass = async (): Promise<void> => {
    await turn();
    t.mock.timers.tick(1);
    await turn();
  };
  return { pool, stream, pass };
}

test('two first viewers who come at once miss nothing of what changes between their looks', async (t) => {
  const { pool, stream, pass } = openHeld(t);
  const { signal } = new AbortController();
  const viewers = [follow(stream, signal), follow(stream, signal)];
  const firsts = viewers.map(async (viewer) => (await viewer.next()).value as Told);
  const [lookOfFirst, lookOfSecond] = pool.held.splice(0);
  lookOfFirst!(1);
  const shown = (await firsts[0]!).data as Snapshot;
  assert.equal(shown.picture.pool.sessions, 1);
  const next = viewers[0]!.next();
  lookOfSecond!(2);
  await firsts[1];
  await pass();
  pool.held.pop()!(2);
  await pass();
  t.mock.timers.tick(10_000);
  assert.deepEqual((await next).value, { event: 'change', data: { pool: { sessions: 2 } } });
});

test('whoever comes during the look that the last viewer left behind does not double the looks', async (t) => {
  const { pool, stream, pass } = openHeld(t);
  const leaving = new AbortController();
  const first = follow(stream, leaving.signal);
  const shown = first.next();
  pool.held.pop()!(1);
  await shown;
  await pass();
  const [leftBehind] = pool.held.splice(0);
  leaving.abort();
  while (!(await first.next()).done);
  const second = follow(stream, new AbortController().signal).next();
  pool.held.pop()!(1);
  await second;
  leftBehind!(1);
  await pass();
  assert.equal(pool.held.length, 1);
});

test('viewers count from when they are let in, also where many come at once', async (t) => {
  const { stream } = open(t);
  const { signal } = new AbortController();
  const viewers = Array.from({ length: 64 }, () => follow(stream, signal));
  const firsts = viewers.map(async (viewer) => await viewer.next());
  const refused = follow(stream, signal).next();
  await assert.rejects(refused, { code: 'too-many-waiting' });
  await Promise.all(firsts);
  await viewers[0]!.return(undefined);
  assert.equal((await follow(stream, signal).next()).done, false);
});

async function lastEvent(viewer: AsyncGenerator<Told>): Promise<string> {
  let last = '';
  for await (const { event } of viewer) last = event;
  return last;
}
