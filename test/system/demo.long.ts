/** The demo as a newcomer types it: it shows a pool in which something happens, and leaves nothing behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { makeDataDir, plainEnv } from '../support/front-door.ts';
import { openLive } from '../support/live-reader.ts';
import { eventually } from '../support/oct-inbox.ts';
import { basic } from '../support/viewer.ts';

const main = join(import.meta.dirname, '../demo/main.ts');
const readyMaxMs = 60_000;

test('the demo prints where its dashboard is and how to log in, has sessions in it, and ends cleanly', async (t) => {
  const port = await freePort();
  const temporary = makeDataDir(t);
  const demo = spawn(process.execPath, [main, '--port', String(port), '--edges', '2', '--sessions', '3'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: plainEnv({ TMPDIR: temporary }),
  });
  t.after(() => demo.kill('SIGKILL'));
  let text = '';
  demo.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
  const login = (): RegExpExecArray | null => /User (\S+), password (\S+)/.exec(text);
  await eventually(() => login() !== null, 'the login is told', readyMaxMs);
  assert.match(text, new RegExp(`Dashboard: http://127\\.0\\.0\\.1:${port}/dashboard/`));
  const [, user = '', password = ''] = login()!;
  const live = await openLive(port, basic(user, password));
  await eventually(() => (live.picture?.pool.sessions ?? 0) >= 3, 'sessions begin', readyMaxMs);
  live.close();
  demo.kill('SIGINT');
  const [code] = (await once(demo, 'exit')) as [number | null];
  assert.equal(code, 0);
  assert.deepEqual(readdirSync(temporary), []);
});
