/** A front door alone on a socket that systemd holds, which is replaced by plan, as a test on a transport that the caller names. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { freePort } from './free-port.ts';
import { command, FrontDoor, makeDataDir } from './front-door.ts';
import { eventually } from './oct-inbox.ts';
import { runCommand } from './run-command.ts';
import { checkPath, startStaticBackend } from './static-backend.ts';

/** Declares the test. */
export function testHeldSocket(native: 'auto' | 'off'): void {
  void test(`a front door alone that is restarted by plan is replaced on the socket that systemd holds, and nobody notices: native sockets ${native}`, async (t) => {
    const backend = await startStaticBackend(t, 'a');
    const [dataDir, port] = [makeDataDir(t), await freePort()];
    const env = {
      CT_DATA_DIR: dataDir,
      CT_HTTP_PORT: String(port),
      CT_ADMIN_PORT: '0',
      CT_NATIVE_SOCKETS: native,
      CT_BACKEND: `a=${backend.url}`,
      CT_BACKEND_CHECK_PATH: checkPath,
      CT_AUTO_RESTART_CRON_PATTERN: '*/2 * * * * *',
    };
    const variables = Object.entries(env).flatMap(([name, value]) => ['-E', `${name}=${value}`]);
    const holder = ['-l', `127.0.0.1:${port}`, '--fdname=http', ...variables];
    const program = [process.execPath, command, 'proxy'];
    // The end of the channel, by which others notice that their test is gone, is nothing that it passes on.
    const line = ['--pdeathsig', 'KILL', 'systemd-socket-activate', ...holder, ...program];
    const child = spawn('setpriv', line, {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const door = new FrontDoor(child, dataDir);
    t.after(async () => await door.end());
    const ask = async (): Promise<number> =>
      (await fetch(`http://127.0.0.1:${port}/`, { headers: { ctstickiness: 'k', connection: 'close' } }))
        .status;
    // Nothing runs before the first one comes.
    await eventually(async () => (await ask().catch(() => 0)) === 200, 'it serves');
    const over = door.log.next(({ event }) => event === 'restart.ended', 'it is replaced');
    const answers = new Set<number | 'over'>();
    while (!answers.has('over')) answers.add(await Promise.race([over.then(() => 'over' as const), ask()]));
    answers.delete('over');
    assert.deepEqual([...answers], [200]);
    const { stdout } = await runCommand(t, ['ps', '--data-dir', dataDir]);
    assert.match(stdout, /^front door +proxy +\d+ +\S+ +0 +1 /m);
  });
}
