/** What the directory is told of a static backend's keys, on a real directory with a clock of the test's own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { keyOf, register, won } from './directory/conformance-store.ts';
import type { Directory, Pin } from './directory/directory.ts';
import { openSqliteDirectory } from './directory/sqlite-directory.ts';
import { StaticActivity } from './static-activity.ts';

const minuteMs = 60_000;

interface Scene {
  readonly directory: Directory;
  readonly pin: Pin;
  readonly activity: StaticActivity;
  /** The activity of another front door over the same directory. */
  readonly other: StaticActivity;
  readonly pass: (ms: number) => void;
  readonly state: () => Promise<string | undefined>;
}

async function setScene(t: TestContext): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-activity-'));
  const directory = await openSqliteDirectory(join(folder, 'directory.sqlite'));
  t.after(async () => {
    await directory.close();
    rmSync(folder, { recursive: true });
  });
  const pin = won(await directory.insertPin(keyOf('k1'), await register(directory, 'e1')));
  let nowMs = 0;
  return {
    directory,
    pin,
    activity: new StaticActivity(() => nowMs),
    other: new StaticActivity(() => nowMs),
    pass: (ms) => {
      nowMs += ms;
    },
    state: async () => (await directory.findPin(pin.key))?.state,
  };
}

/** The calls fail, as those of a directory that is down. */
async function openClosedDirectory(t: TestContext): Promise<Directory> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-activity-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const directory = await openSqliteDirectory(join(folder, 'directory.sqlite'));
  await directory.close();
  return directory;
}

test('a key falls idle a minute after its last exchange closed, not before', async (t) => {
  const { directory, pin, activity, pass, state } = await setScene(t);
  activity.opened(pin);
  activity.closed(pin.key);
  pass(minuteMs - 1);
  await activity.flush(directory);
  assert.equal(await state(), 'live');
  pass(1);
  await activity.flush(directory);
  assert.equal(await state(), 'idle');
});

test('a key with an open exchange never falls idle, however long it says nothing', async (t) => {
  const { directory, pin, activity, pass, state } = await setScene(t);
  activity.opened(pin);
  activity.opened(pin);
  activity.closed(pin.key);
  pass(60 * minuteMs);
  await activity.flush(directory);
  assert.equal(await state(), 'live');
});

test('a key that was idle is live again with its next exchange', async (t) => {
  const { directory, pin, activity, pass, state } = await setScene(t);
  activity.opened(pin);
  activity.closed(pin.key);
  pass(minuteMs);
  await activity.flush(directory);
  activity.opened(pin);
  await activity.flush(directory);
  assert.equal(await state(), 'live');
});

test('a key that comes back while it is being called idle is live after the next flush', async (t) => {
  const { directory, pin, activity, pass, state } = await setScene(t);
  activity.opened(pin);
  activity.closed(pin.key);
  pass(minuteMs);
  const flushed = activity.flush(directory);
  activity.opened(pin);
  await flushed;
  await activity.flush(directory);
  assert.equal(await state(), 'live');
});

test('a key that another front door called idle is called live again by the one that uses it', async (t) => {
  const { directory, pin, activity, other, pass, state } = await setScene(t);
  activity.opened(pin);
  other.opened(pin);
  other.closed(pin.key);
  await activity.flush(directory);
  pass(minuteMs);
  await other.flush(directory);
  assert.equal(await state(), 'idle');
  await activity.flush(directory);
  assert.equal(await state(), 'live');
});

test('a flush that failed is made up for by the next one, either way', async (t) => {
  const { directory, pin, activity, pass, state } = await setScene(t);
  const broken = await openClosedDirectory(t);
  await directory.markPins([pin], 'idle');
  activity.opened(pin);
  await assert.rejects(activity.flush(broken));
  await activity.flush(directory);
  assert.equal(await state(), 'live');
  activity.closed(pin.key);
  pass(minuteMs);
  await assert.rejects(activity.flush(broken));
  await activity.flush(directory);
  assert.equal(await state(), 'idle');
});

test('a key that has moved is marked under its newer epoch', async (t) => {
  const { directory, pin, activity, pass, state } = await setScene(t);
  activity.opened(pin);
  activity.closed(pin.key);
  await directory.markGone(pin.owner);
  const moved = won(await directory.movePin(pin.key, pin.epoch, await register(directory, 'e2')));
  activity.opened(moved);
  activity.closed(moved.key);
  pass(minuteMs);
  await activity.flush(directory);
  assert.equal(await state(), 'idle');
});

test('an end without a beginning changes nothing', async (t) => {
  const { directory, pin, activity, pass, state } = await setScene(t);
  activity.closed(pin.key);
  pass(minuteMs);
  await activity.flush(directory);
  assert.equal(await state(), 'live');
});
