/** What an edge tells front doors for the journal: to whoever takes it, each minute how much it is used, and nothing is lost. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { EdgeMessage } from '#shared/control-protocol.ts';
import { parseEdgeId } from '#shared/ids.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { JournalRecord } from '#shared/journal/journal-record.ts';
import { silentLog } from '#shared/log.ts';
import { loadSettings } from '#shared/settings/load.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { eventually } from '../test/support/oct-inbox.ts';
import { JournalDesk } from './journal-desk.ts';

const id = parseEdgeId('edge-1')!;
const secret = 'a secret for tests only';
const load = {
  sessions: 2,
  members: 3,
  users: 2,
  websockets: 4,
  pollings: 1,
  outboxBytes: 0,
  messages: 100,
  bytes: 5_000,
};

function makeSettings(t: TestContext): Settings {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-desk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const env = { CT_LOCATOR: 'none', CT_JOIN_TOKEN: secret, CT_SESSION_SECRET: secret, CT_DATA_DIR: folder };
  const loaded = loadSettings({ role: 'edge', env });
  assert.equal(loaded.kind, 'valid');
  return (loaded as { settings: Settings }).settings;
}

/** Front doors that take what comes, while they are there; every other word is lost. */
class Doors {
  readonly incarnation = 7;
  readonly taken: JournalRecord[] = [];
  readonly turns: number[] = [];
  isThere = true;
  readonly #desk: JournalDesk;

  constructor(desk: JournalDesk) {
    this.#desk = desk;
  }

  tellOne(message: EdgeMessage, turn: number): boolean {
    this.turns.push(turn);
    if (!this.isThere || message.type !== 'journal') return false;
    this.taken.push(...message.records);
    queueMicrotask(() => this.#desk.taken(message.batch));
    return true;
  }
}

void test('each minute and at its end an edge tells how much it was used since', async (t) => {
  const settings = makeSettings(t);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const desk = await JournalDesk.open(settings, id);
  const doors = new Doors(desk);
  const now = { ...load };
  desk.start({ members: doors, load: () => now, log: silentLog() });
  t.mock.timers.tick(60_000);
  Object.assign(now, { messages: 150, bytes: 5_600, users: 1 });
  t.mock.timers.tick(60_000);
  await desk.stop();
  const samples = doors.taken.flatMap((record) => (record.kind === 'usage' ? [record] : []));
  assert.deepEqual(
    samples.map(({ users, sessions, connections, messages, bytes }) => [
      users,
      sessions,
      connections,
      messages,
      bytes,
    ]),
    [
      [2, 2, 5, 100, 5_000],
      [1, 2, 5, 50, 600],
      [1, 2, 5, 0, 0],
    ],
  );
  assert.ok(samples.every(({ rssBytes, lagMs }) => rssBytes > 1_000_000 && lagMs >= 0));
  assert.deepEqual(
    new Set(samples.map(({ origin, incarnation }) => `${origin}:${incarnation}`)),
    new Set(['edge-1:7']),
  );
});

void test('while nobody takes it an edge keeps what it has to tell, asks another front door each time, and its next life tells the rest', async (t) => {
  const settings = makeSettings(t);
  const desk = await JournalDesk.open(settings, id);
  const doors = new Doors(desk);
  doors.isThere = false;
  desk.start({ members: doors, load: () => load, log: silentLog() });
  const key = 'a-session' as AffinityKey;
  for (const subject of ['ann', 'bob'])
    desk.hear('member.joined', { audit: { key, subject: `${subject}\u0007`, user: 'u' } });
  desk.hear('session.opened', { origin: 'adopted', audit: { key } });
  desk.hear('process.ready', {});
  await eventually(
    () => new Set(doors.turns.map((turn) => turn % 2)).size === 2,
    'both of two front doors were asked',
  );
  await desk.stop();
  const again = await JournalDesk.open(settings, id);
  const back = new Doors(again);
  again.start({ members: back, load: () => load, log: silentLog() });
  await again.stop();
  const subjects = back.taken.flatMap((record) => (record.kind === 'entry' ? [record.subject] : []));
  assert.deepEqual(subjects, ['ann?', 'bob?'], 'in order, and without what steers a terminal');
  assert.ok(!JSON.stringify(back.taken).includes(key), 'no key is told');
  assert.deepEqual(
    readdirSync(settings.CT_DATA_DIR).filter((file) => file.endsWith('.spool')),
    [],
  );
});
