/** Whoever reads the standard output of a front door may stop reading: no client waits for it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { command, makeDataDir, plainEnv, until } from '../support/front-door.ts';
import type { LogLine } from '../support/front-door.ts';
import { makeLines } from '../support/log-lines.ts';
import { checkPath, startStaticBackend } from '../support/static-backend.ts';
import type { StaticBackend } from '../support/static-backend.ts';

const count = 3_000;

test('a reader of standard output that is stuck holds no client up, and reads on where it stopped', async (t) => {
  const backend = await startStaticBackend(t, 'a');
  const reader = new StuckReader();
  const door = await startPiped(t, backend, reader);
  reader.isStuck = true;
  await makeLines(t, door.http, count);
  reader.isStuck = false;
  const lines = (): LogLine[] => reader.lines();
  await until(() => Promise.resolve(lines().some(({ event }) => event === 'log.dropped')), 'it says so');
  const notices = (): LogLine[] => lines().filter(({ event }) => event === 'log.dropped');
  const dropped = (): number => notices().reduce((sum, line) => sum + Number(line['lines']), 0);
  assert.equal(notices()[0]!['cause'], 'EAGAIN');
  const settled = (): number => lines().filter(({ event }) => event === 'exchange.settled').length;
  await until(() => Promise.resolve(settled() + dropped() === count), 'the rest is there');
});

/** Reads a pipe, or lets it fill. */
class StuckReader {
  isStuck = false;
  #text = '';

  begin(stream: NodeJS.ReadableStream): void {
    const look = setInterval(() => (this.isStuck ? stream.pause() : stream.resume()), 10);
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => (this.#text += text));
    stream.on('close', () => clearInterval(look));
  }

  lines(): LogLine[] {
    return this.#text
      .split('\n')
      .flatMap((line) => (/^\{.*\}$/.test(line) ? [JSON.parse(line) as LogLine] : []));
  }
}

/** A front door whose standard output is a pipe that the reader has in its hands. */
async function startPiped(
  t: TestContext,
  backend: StaticBackend,
  reader: StuckReader,
): Promise<{ http: number }> {
  const http = await freePort();
  const admin = await freePort();
  const settings = {
    CT_HTTP_PORT: String(http),
    CT_ADMIN_PORT: String(admin),
    CT_DATA_DIR: makeDataDir(t),
    CT_BACKEND_CHECK_PATH: checkPath,
    CT_STOP_GRACE_MS: '500',
    CT_LOG_HELD_MAX_BYTES: '200000',
  };
  // A pipe between two programs, not the socket pair that `spawn` makes.
  const line = `"$0" "$1" proxy --backend a=${backend.url} | cat`;
  const shell = spawn('sh', ['-c', line, process.execPath, command], {
    env: plainEnv(settings),
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    detached: true,
  });
  const exited = once(shell, 'exit');
  t.after(async () => {
    reader.isStuck = false;
    process.kill(-shell.pid!, 'SIGTERM');
    await exited;
  });
  reader.begin(shell.stdout!);
  await until(async () => {
    const edges = await fetch(`http://127.0.0.1:${admin}/readyz`).catch(() => undefined);
    return edges?.status === 200;
  }, 'the front door is ready');
  return { http };
}
