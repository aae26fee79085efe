/** The roll of front doors in a real directory: who is in it, as each of them sees it, and when somebody is not any more. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { AppError } from '#shared/errors.ts';
import type { Directory } from './directory/directory.ts';
import { openSqliteDirectory } from './directory/sqlite-directory.ts';
import { FrontDoorRoll } from './front-door-roll.ts';

interface Scene {
  readonly directory: Directory;
  readonly open: (version: string, nowMs?: () => number) => FrontDoorRoll;
  /** Each looks once, some time later. */
  readonly pass: (ms: number, ...rolls: FrontDoorRoll[]) => Promise<void>;
}

async function openScene(t: TestContext): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-roll-'));
  const directory = await openSqliteDirectory(join(folder, 'directory.sqlite'));
  t.after(async () => {
    await directory.close();
    rmSync(folder, { recursive: true });
  });
  let now = 1_000;
  return {
    directory,
    open: (version, nowMs = () => now) => new FrontDoorRoll({ directory, nowMs, version }),
    pass: async (ms, ...rolls) => {
      now += ms;
      await Promise.all(rolls.map(async (roll) => await roll.refresh()));
    },
  };
}

function namesOf({ doors }: FrontDoorRoll): string {
  return doors.map(({ name, version }) => `${name} ${version}`).join(', ');
}

test('every front door that serves is known to all with its version, also where many begin at once', async (t) => {
  const { open, pass } = await openScene(t);
  const rolls = Array.from({ length: 8 }, (_, at) => open(at === 0 ? '1.1.0' : '1.0.0'));
  const watcher = open('2.0.0');
  for (const [at, roll] of rolls.entries()) roll.enter(`host-${at + 1}`);
  await pass(0, ...rolls);
  await pass(2_000, watcher, ...rolls);
  const all = rolls.map((_, at) => `host-${at + 1} ${at === 0 ? '1.1.0' : '1.0.0'}`).join(', ');
  for (const roll of [watcher, ...rolls]) assert.equal(namesOf(roll), all);
  assert.ok(
    rolls[2]!.isThis({ name: 'host-3', version: '' }) && !rolls[2]!.isThis({ name: 'host-2', version: '' }),
  );
});

test('who leaves is gone at once, and who was killed within a minute or two; whoever goes on stays however long', async (t) => {
  const { directory, open, pass } = await openScene(t);
  const [stays, leaves, dies] = [open('1'), open('2'), open('3')];
  for (const [at, roll] of [stays, leaves, dies].entries()) roll.enter(`host-${at + 1}`);
  await pass(0, stays, leaves, dies);
  await pass(2_000, stays, leaves, dies);
  assert.equal(namesOf(stays), 'host-1 1, host-2 2, host-3 3');
  await leaves.leave();
  await pass(2_000, stays, dies);
  assert.equal(namesOf(stays), 'host-1 1, host-3 3');
  for (let i = 0; i < 28; i++) await pass(2_000, stays);
  assert.equal(namesOf(stays), 'host-1 1, host-3 3');
  for (let i = 0; i < 10; i++) await pass(2_000, stays);
  assert.equal(namesOf(stays), 'host-1 1');
  const late = open('1');
  await pass(2_000, stays, late);
  assert.equal(namesOf(late), 'host-1 1', 'it is struck for everybody');
  assert.doesNotMatch((await directory.readFleetSetting('front-doors'))!.value, /host-3/);
});

test('time without the store, or asleep, strikes nobody, and what stands there damaged is begun anew', async (t) => {
  const { directory, open, pass } = await openScene(t);
  const [one, other] = [open('1'), open('2')];
  one.enter('host-1');
  other.enter('host-2');
  await pass(0, one, other);
  await pass(2_000, one, other);
  const read = directory.readFleetSetting.bind(directory);
  directory.readFleetSetting = () => Promise.reject(new AppError('directory-unavailable'));
  for (let i = 0; i < 60; i++) await assert.rejects(pass(2_000, one), { code: 'directory-unavailable' });
  directory.readFleetSetting = read;
  await pass(2_000, one);
  assert.equal(namesOf(one), 'host-1 1, host-2 2');
  await pass(2_000, other, one);
  for (const content of ['no JSON', '{"a":{"name":7}}', '[]']) {
    const { version } = (await directory.readFleetSetting('front-doors'))!;
    await directory.writeFleetSetting('front-doors', content, version);
    await pass(11_000, one, other);
    await pass(2_000, one, other);
    assert.equal(namesOf(one), 'host-1 1, host-2 2', content);
  }
});
