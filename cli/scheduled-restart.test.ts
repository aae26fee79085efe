/** The planned restart, where the process that restarts the pool cannot be started, or is stopped. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { openLog } from '#shared/log.ts';
import type { LogEvent, LogFacts } from '#shared/log.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { defaultSettings } from '../test/support/default-settings.ts';
import { eventually } from '../test/support/oct-inbox.ts';
import { ScheduledRestart } from './scheduled-restart.ts';

interface Scene {
  readonly restart: ScheduledRestart;
  readonly heard: { readonly event: LogEvent; readonly facts: LogFacts }[];
}

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-restart-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every second; `program` runs in the place of Node. */
function begin(t: TestContext, program: string, given: Partial<Settings> = {}): Scene {
  const { execPath } = process;
  process.execPath = program;
  t.after(() => (process.execPath = execPath));
  const heard: Scene['heard'] = [];
  const log = openLog({
    level: 'silent',
    role: 'direct',
    hear: (event, facts) => heard.push({ event, facts }),
  });
  const settings = { ...defaultSettings(), ...given, CT_AUTO_RESTART_CRON_PATTERN: '* * * * * *' };
  const restart = new ScheduledRestart({ settings, what: '--rolling', log });
  t.after(() => restart.stop());
  restart.begin();
  return { restart, heard };
}

test('a restart whose process cannot be started is told, and the supervisor lives on', async (t) => {
  const { heard } = begin(t, '/nowhere/node');
  await eventually(() => heard.some(({ event }) => event === 'restart.failed'), 'it is told');
  assert.match(String(heard.at(-1)!.facts['reason']), /ENOENT/);
});

test('a restart that the end of the pool cuts short has not failed', async (t) => {
  const folder = makeFolder(t);
  const program = join(folder, 'node');
  writeFileSync(program, `#!/bin/sh\ntouch ${folder}/runs\nexec sleep 60\n`, { mode: 0o700 });
  const { restart, heard } = begin(t, program);
  const before = countHandles();
  await eventually(() => existsSync(join(folder, 'runs')), 'it runs');
  restart.stop();
  await eventually(() => countHandles() === before, 'its process has ended');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    heard.map(({ event }) => event),
    ['restart.planned', 'restart.started'],
  );
});

test('a restart asks where the settings have the admin API, also where those stand in no variable', async (t) => {
  const folder = makeFolder(t);
  const program = join(folder, 'node');
  const given = join(folder, 'given');
  writeFileSync(
    program,
    `#!/bin/sh\necho "$CT_ADMIN_SOCKET $CT_ADMIN_TOKEN" >${given}.draft\nmv ${given}.draft ${given}\n`,
    { mode: 0o700 },
  );
  begin(t, program, { CT_ADMIN_SOCKET: '/run/mooring/own.sock', CT_ADMIN_TOKEN: 'a token of a file' });
  await eventually(() => existsSync(given), 'it runs');
  assert.equal(readFileSync(given, 'utf8'), '/run/mooring/own.sock a token of a file\n');
});

/** Processes and pipes that Node waits for. */
function countHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => ['ProcessWrap', 'PipeWrap'].includes(name)).length;
}
