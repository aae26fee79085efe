/** Listening on a path: who may connect, and which files at the path give way. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { listenOnPath } from './path-listener.ts';

function makePath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-listen-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'edge.sock');
}

function makeServer(t: TestContext): Server {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()).end('here'));
  t.after(() => void server.close());
  return server;
}

async function heardAt(path: string): Promise<string> {
  const socket = connect({ path });
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return bytes.toString();
}

test('the socket belongs to its user alone, and the mask of the process stays as it was', async (t) => {
  const path = makePath(t);
  const mask = process.umask();
  await listenOnPath(makeServer(t), path);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(process.umask(), mask);
  assert.equal(await heardAt(path), 'here');
});

test('the file that a killed process left gives way', async (t) => {
  const path = makePath(t);
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('open'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(existsSync(path), 'the file is left');
  await listenOnPath(makeServer(t), path);
  assert.equal(await heardAt(path), 'here');
});

test('a path where somebody listens is refused, and goes on to be theirs', async (t) => {
  const path = makePath(t);
  await listenOnPath(makeServer(t), path);
  await assert.rejects(listenOnPath(makeServer(t), path), { code: 'EADDRINUSE' });
  assert.equal(await heardAt(path), 'here');
});

test('a file that is no socket is refused, and stays', async (t) => {
  const path = makePath(t);
  writeFileSync(path, 'precious');
  await assert.rejects(listenOnPath(makeServer(t), path), { code: 'EADDRINUSE' });
  assert.ok(statSync(path).isFile());
});
