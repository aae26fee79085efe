/** What keeps the service running and tells of it: start-up lines, processes, planned restarts, systemd, its time. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { command, fleetSecret, makeDataDir, plainEnv, startFrontDoor } from '../support/front-door.ts';
import { hostSession, joinSession, logIn } from '../support/oct-client.ts';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';

interface ProcessRow {
  readonly name: string;
  readonly pid: number;
  readonly restarts: number;
  readonly replacements: number;
  readonly isRunning: boolean;
  readonly rssBytes: number;
  readonly logFile: string;
}

async function ps(t: TestContext, dataDir: string): Promise<ProcessRow[]> {
  const { code, stdout, stderr } = await runCommand(t, ['ps', '--data-dir', dataDir, '--json']);
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as { processes: ProcessRow[] }).processes;
}

test('the log has the lines that administrators look for, at the time of the zone that was set', async (t) => {
  const pool = await startPool(t, { env: { CT_EDGES: '2', CT_TIME_ZONE: 'Pacific/Kiritimati' } });
  const says = (pattern: RegExp): (() => boolean) => {
    return () => pool.lines.some(({ message }) => pattern.test(String(message)));
  };
  const port = pool.ports['http'];
  for (const pattern of [
    /^Mooring v\d/,
    new RegExp(`^Mooring services now available on port ${port} \\(HTTP\\)$`),
    /^No licence is installed/,
    /^Mooring edge edge-1 ready for sessions$/,
    /^Mooring v\S+ edge edge-2 ready; connected to Locator for assignments$/,
    /^Mooring v\S+ started successfully: 2 edges$/,
  ])
    await eventually(says(pattern), `somebody says ${pattern}`);
  for (const { time } of pool.lines) assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]{12}\+14:00$/);
  const [line] = pool.lines;
  assert.ok(Math.abs(Date.parse(String(line!['time'])) - Date.now()) < 600_000);
});

test('mooring ps shows each process, and counts its restarts and replacements', async (t) => {
  const dataDir = makeDataDir(t);
  const logs = join(dataDir, 'logs');
  await startPool(t, { dataDir, env: { CT_EDGES: '2', CT_LOG_DIR: logs } });
  const first = await ps(t, dataDir);
  assert.deepEqual(
    first.map(({ name, isRunning, restarts }) => [name, isRunning, restarts]),
    [
      ['supervisor', true, 0],
      ['front door', true, 0],
      ['edge-1', true, 0],
      ['edge-2', true, 0],
    ],
  );
  for (const { rssBytes } of first) assert.ok(rssBytes > 10_000_000);
  const files = ['direct.log', 'server.log', 'edge-edge-1.log', 'edge-edge-2.log'].map((name) =>
    join(logs, name),
  );
  assert.deepEqual(
    first.map(({ logFile }) => logFile),
    files,
  );
  process.kill(first[2]!.pid, 'SIGKILL');
  await eventually(async () => (await ps(t, dataDir))[2]!.restarts === 1, 'it is started again');
  const restarted = await runCommand(t, ['restart', '--front-door', '--data-dir', dataDir]);
  assert.equal(restarted.code, 0, restarted.stderr);
  await eventually(async () => (await ps(t, dataDir))[1]!.replacements === 1, 'it is replaced');
  const { stdout } = await runCommand(t, ['ps', '--data-dir', dataDir]);
  const edge = /^edge-1 +edge +\d+ +0:00:\d\d:\d\d +1 +0 +\d+ MiB +(.+)$/m;
  assert.equal(edge.exec(stdout)?.[1], files[2]);
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    assert.match(text, /"event":"process\.ready"/);
    assert.doesNotMatch(text, /"event":"process\.failed"/);
  }
});

test('a planned restart replaces front door and edges one after the other, while members write', async (t) => {
  const dataDir = makeDataDir(t);
  const env = { CT_EDGES: '2', CT_AUTO_RESTART_CRON_PATTERN: '*/5 * * * * *' };
  const pool = await startPool(t, { dataDir, env });
  const [hostToken, guestToken, lateToken] = await Promise.all(
    ['hanna', 'gina', 'luise'].map(async (name) => await logIn(pool.url, name)),
  );
  const host = await hostSession({ url: pool.url, loginToken: hostToken! });
  const guest = await joinSession({ url: pool.url, loginToken: guestToken! }, host.key);
  await eventually(
    () => pool.lines.some(({ event }) => ['restart.ended', 'restart.failed'].includes(event)),
    'the restart is over',
    90_000,
  );
  assert.deepEqual(
    pool.lines.filter(({ event }) => event === 'restart.failed'),
    [],
  );
  const rows = await ps(t, dataDir);
  assert.deepEqual(
    rows.map(({ name, replacements, restarts }) => [name, replacements, restarts]),
    [
      ['supervisor', 0, 0],
      ['front door', 1, 0],
      ['edge-1', 1, 0],
      ['edge-2', 1, 0],
    ],
  );
  const shown = await runCommand(t, ['ps', '--data-dir', dataDir]);
  assert.match(shown.stdout, /^edge-1 +edge .* MiB +standard output$/m);
  assert.equal(
    pool.lines.filter(({ event }) => ['restart.started', 'process.failed'].includes(event)).length,
    1,
  );
  const late = await joinSession({ url: pool.url, loginToken: lateToken! }, host.key);
  for (const member of [host, guest])
    await member.events.next(
      (event) => event.kind === 'joined' && event.peer.id === late.self.id,
      'it is there',
    );
  for (const member of [late, guest, host]) member.dispose();
});

test('a plan that nobody could follow stops the start', async (t) => {
  const wrong = await runCommand(t, ['check', '--auto-restart-cron-pattern', '61 * * * *']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /CT_AUTO_RESTART_CRON_PATTERN: "61 \* \* \* \*" is no pattern of cron/);
  const env = { CT_LOCATOR: 'ws://127.0.0.1:1', CT_JOIN_TOKEN: fleetSecret, CT_SESSION_SECRET: fleetSecret };
  const plan = { ...env, CT_EDGE_ID: 'edge-1', CT_AUTO_RESTART_CRON_PATTERN: '0 11 * * 0' };
  const check = async (more: Record<string, string>): ReturnType<typeof runCommand> =>
    await runCommand(t, ['check', '--role', 'edge'], { ...plan, ...more });
  const refused = await check({});
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /CT_AUTO_RESTART_CRON_PATTERN: is not for an edge by itself: mooring restart/);
  assert.equal((await check({ CT_AUTO_RESTART_DISABLED: 'true' })).code, 0);
});

test('systemd hears of start, reload, a life of the event loop, and stop', async (t) => {
  let said = '';
  const folder = makeDataDir(t);
  // An abstract one, as systemd gives some services.
  const address = `@mooring-test-${process.pid}`;
  const program = join(import.meta.dirname, '../support/service-manager.py');
  const hearer = spawn('python3', [program, address], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => hearer.kill('SIGKILL'));
  hearer.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const hears = async (pattern: RegExp, what: string): Promise<void> =>
    await eventually(() => pattern.test(said), what, 60_000);
  await hears(/^hearing\n/, 'the hearer is there');
  const child = spawn(process.execPath, [command, 'direct', '--edges', '1'], {
    env: plainEnv({
      CT_HTTP_PORT: '0',
      CT_ADMIN_PORT: '0',
      CT_CONTROL_PORT: '0',
      CT_DATA_DIR: join(folder, 'data'),
      NOTIFY_SOCKET: address,
      WATCHDOG_USEC: '1000000',
    }),
    stdio: 'ignore',
  });
  t.after(() => child.kill('SIGKILL'));
  await hears(/READY=1\nSTATUS=mooring direct ready/, 'it is ready');
  await hears(/(WATCHDOG=1[^]*){2}/, 'it lives');
  child.kill('SIGHUP');
  await hears(/RELOADING=1\nMONOTONIC_USEC=\d+[^]*READY=1/, 'it has reloaded');
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await hears(/STOPPING=1/, 'it stops');
  assert.equal(((await exited) as [number])[0], 0);
  assert.equal(said.split('STOPPING=1').length, 2, 'its children say nothing');
});

test('mooring health tells a process that lives from one that is ready, and from none', async (t) => {
  const door = await startFrontDoor(t);
  const ask = async (...flags: string[]): Promise<[number | null, string]> => {
    const port = new URL(door.adminUrl).port;
    const { code, stdout, stderr } = await runCommand(t, ['health', ...flags], { CT_ADMIN_PORT: port });
    return [code, stdout + stderr];
  };
  assert.deepEqual(await ask(), [0, 'it answers\n']);
  const [code, reason] = await ask('--ready');
  assert.equal(code, 1);
  assert.match(reason, /answers 503: .*no edge is ready/);
  const none = await runCommand(t, ['health'], { CT_ADMIN_PORT: '1' });
  assert.equal(none.code, 1);
  assert.match(none.stderr, /^mooring: http:\/\/127\.0\.0\.1:1\/livez does not answer\n$/);
});
