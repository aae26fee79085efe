/**
 * The log of a real front door: files that begin anew under load without losing a line, a disk that is full while clients are
 * served, both formats, and the two letters that say who ended an exchange.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { ask, makeDataDir, startFrontDoor, until } from '../support/front-door.ts';
import type { FrontDoor, LogLine } from '../support/front-door.ts';
import { makeLines } from '../support/log-lines.ts';
import { openRaw } from '../support/raw-connection.ts';
import { makeDisk } from '../support/small-disk.ts';
import { startStaticBackend } from '../support/static-backend.ts';
import type { StaticBackend } from '../support/static-backend.ts';

interface Ground {
  readonly door: FrontDoor;
  readonly backend: StaticBackend;
  readonly folder: string;
}

async function start(t: TestContext, settings: Record<string, string>, folder: string): Promise<Ground> {
  const backend = await startStaticBackend(t, 'a');
  const door = await startFrontDoor(t, {
    backends: [backend],
    settings: { CT_LOG_DIR: folder, ...settings },
  });
  return { door, backend, folder };
}

function linesIn(folder: string, name: string): LogLine[] {
  const files = readdirSync(folder).filter((file) => file === name || file.startsWith(`${name}.`));
  // Behind the last line end a line may be under way.
  const lines = files.flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1));
  return lines.map((line) => JSON.parse(line) as LogLine);
}

/** Undefined where a file begins anew between the list of files and the look into them. */
function tryLinesIn(folder: string, name: string): LogLine[] | undefined {
  try {
    return linesIn(folder, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** As a tool that rotates does; between two files of the front door's own there is none for a moment. */
async function moveAway(folder: string, name: string): Promise<void> {
  const move = (): boolean => {
    if (!existsSync(join(folder, 'access.log'))) return false;
    renameSync(join(folder, 'access.log'), join(folder, name));
    return true;
  };
  await until(() => Promise.resolve(move()), 'there is a file to move');
}

const count = 3_000;

test('under load files begin anew by size, by a signal and by a move, and each exchange has its line once', async (t) => {
  const folder = join(makeDataDir(t), 'logs');
  const { door } = await start(t, { CT_LOG_FILE_MAX_BYTES: '65536', CT_LOG_FILES_KEPT: '0' }, folder);
  await makeLines(t, door.port, count);
  await moveAway(folder, 'access.log.moved');
  process.kill(door.pid, 'SIGUSR1');
  await makeLines(t, door.port, count);
  await moveAway(folder, 'access.log.moved-again');
  await makeLines(t, door.port, count);
  const exchanges = (): unknown[] => linesIn(folder, 'access.log').map((line) => line['exchange']);
  await until(
    () => Promise.resolve((tryLinesIn(folder, 'access.log')?.length ?? 0) >= 3 * count),
    'all lines are there',
  );
  assert.equal(new Set(exchanges()).size, 3 * count);
  assert.equal(exchanges().length, 3 * count);
  assert.ok(readdirSync(folder).length > 10, readdirSync(folder).join(' '));
  assert.ok(linesIn(folder, 'server.log').some(({ event }) => event === 'process.ready'));
  assert.deepEqual(door.log.items, [], 'nothing of it is on standard output');
});

test('a full disk holds no client up, and what was held back is written when there is room again', async (t) => {
  const folder = makeDisk(t, '512k');
  if (folder === undefined) return t.diagnostic('not tried: it needs root, to mount a small disk');
  const { door } = await start(t, {}, folder);
  writeFileSync(join(folder, 'filler'), Buffer.alloc(500_000));
  await makeLines(t, door.port, count);
  assert.equal((await ask(door, '/x', { headers: { ctstickiness: 'k' } })).status, 200);
  rmSync(join(folder, 'filler'));
  execFileSync('mount', ['-o', 'remount,size=16m', folder]);
  await until(
    () => Promise.resolve(linesIn(folder, 'access.log').length >= count + 1),
    'the lines come when there is room',
  );
  const lines = linesIn(folder, 'access.log');
  assert.equal(new Set(lines.map((line) => line['exchange'])).size, count + 1);
});

test('a full disk costs lines beyond the bound, and says how many', async (t) => {
  const folder = makeDisk(t, '128k');
  if (folder === undefined) return t.diagnostic('not tried: it needs root, to mount a small disk');
  const { door } = await start(t, { CT_LOG_HELD_MAX_BYTES: '300000' }, folder);
  writeFileSync(join(folder, 'filler'), Buffer.alloc(100_000));
  // Far more than is held; the second half comes while what is held has found the disk full.
  await makeLines(t, door.port, count / 2);
  await until(() => Promise.resolve(statfsSync(folder).bfree === 0), 'the disk is full');
  await makeLines(t, door.port, count / 2);
  rmSync(join(folder, 'filler'));
  execFileSync('mount', ['-o', 'remount,size=64m', folder]);
  // The files of the pool's use tell of their own lines.
  const told = (...logs: readonly string[]): LogLine[] =>
    linesIn(folder, 'server.log').filter(
      ({ event, log }) => event === 'log.dropped' && logs.includes(String(log)),
    );
  const isTold = (): boolean => told('exchanges').some(({ cause }) => cause === 'ENOSPC');
  await until(() => Promise.resolve(isTold()), 'the log says what was dropped');
  const sumOf = (lines: readonly LogLine[]): number =>
    lines.reduce((sum, line) => sum + Number(line['lines']), 0);
  await until(
    () => Promise.resolve(linesIn(folder, 'access.log').length + sumOf(told('exchanges')) === count),
    'what was not dropped is written',
  );
  await until(
    async () => (await door.metric('ct_proxy_log_dropped_total')) === sumOf(told('events', 'exchanges')),
    'the metric has each line that is told of',
  );
});

const combined =
  /^(\S+) - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "([^"]*)" (\d{3}) (\d+) "-" "([^"]*)" (\S\S) (\S+) ([\d.]+) (\S+)$/;

test('lines in the combined format are what tools for web servers read, and name no session', async (t) => {
  const folder = join(makeDataDir(t), 'logs');
  const { door } = await start(t, { CT_LOG_FORMAT: 'combined' }, folder);
  const headers = {
    ctstickiness: 'secret-key',
    'user-agent': 'a "quoted" agent\\',
    referer: '/~secret-key/',
  };
  await ask(door, '/some/path?ctstickiness=secret-key', { headers });
  const bad = await openRaw(t, door.port);
  bad.send('nonsense\r\n\r\n');
  await bad.whenEnded();
  const text = (): string => readFileSync(join(folder, 'access.log'), 'utf8');
  await until(() => Promise.resolve(text().split('\n').length === 3), 'both lines are there');
  const [first, second] = text()
    .split('\n')
    .map((line) => combined.exec(line)?.slice(1));
  assert.deepEqual(first!.slice(0, 3), ['127.0.0.1', 'GET /some/path HTTP/1.1', '200']);
  assert.deepEqual(first!.slice(4, 7), ['a \\x22quoted\\x22 agent\\x5C', '--', 'a']);
  assert.deepEqual([second![1], second![2], second![5]], ['-', '400', 'PR']);
  assert.equal(text().includes('secret-key'), false);
});

test('the line of an exchange says who ended it and in which phase', async (t) => {
  const backend = await startStaticBackend(t, 'a');
  const door = await startFrontDoor(t, {
    backends: [backend],
    settings: { CT_HEAD_TIMEOUT_MS: '400', CT_BODY_IDLE_TIMEOUT_MS: '400', CT_FIRST_BYTE_TIMEOUT_MS: '400' },
  });
  const expectEnd = async (letters: string): Promise<void> => {
    const isIt = (line: LogLine): boolean => line.event === 'exchange.settled' && line['ended'] === letters;
    await door.log.next(isIt, `a line that ends with ${letters}`);
  };
  const send = async (bytes: string): Promise<Socket> => {
    const connection = await openRaw(t, door.port);
    connection.send(bytes);
    return connection.socket;
  };
  backend.handlers.set('/never', (incoming) => incoming.on('error', () => undefined).resume());
  backend.handlers.set('/breaks', (_, response) => response.destroy());
  backend.handlers.set('/half', (_, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('half', () => response.destroy());
  });
  backend.handlers.set('/endless', (_, response) => response.writeHead(200).write('some of it'));
  const head = 'Host: door.test\r\nctstickiness: k\r\n';
  await ask(door, '/x');
  await expectEnd('--');
  await send('nonsense\r\n\r\n');
  await expectEnd('PR');
  await send('GET /x HTTP/1.1\r\nHost: ');
  await expectEnd('cR');
  await send(`POST /never HTTP/1.1\r\n${head}Content-Length: 5\r\n\r\nhe`);
  await expectEnd('cB');
  await send(`POST /never HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\nnonsense\r\n`);
  await expectEnd('PB');
  await send(`POST /breaks HTTP/1.1\r\n${head}Content-Length: 5\r\n\r\nhello`);
  await expectEnd('SH');
  await send(`GET /half HTTP/1.1\r\n${head}\r\n`);
  await expectEnd('SD');
  await send(`POST /never HTTP/1.1\r\n${head}Content-Length: 5\r\n\r\nhello`);
  await expectEnd('sH');
  const leaving = await openRaw(t, door.port);
  leaving.send(`GET /endless HTTP/1.1\r\n${head}\r\n`);
  await leaving.head();
  leaving.socket.destroy();
  await expectEnd('CD');
  for (const [ender, letters] of [
    ['client', 'CU'],
    ['edge', 'SU'],
  ]) {
    backend.upgradeHandlers.clear();
    if (ender === 'edge') {
      const agree = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
      backend.upgradeHandlers.set('/ws', (_, socket) => socket.end(agree));
      const raw = await send(`GET /ws HTTP/1.1\r\n${head}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`);
      raw.once('end', () => raw.end());
    } else {
      const socket = new WebSocket(`ws://${door.host}/ws`);
      await once(socket, 'message');
      socket.terminate();
    }
    await expectEnd(letters!);
  }
  await backend.stop();
  await send(`POST /x HTTP/1.1\r\n${head}Content-Length: 5\r\n\r\nhello`);
  await expectEnd('SC');
});
