/** Static backends on Unix-domain sockets, behind a front door on native sockets, and a path that no socket can have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeDataDir } from '../support/front-door.ts';
import { runCommand } from '../support/run-command.ts';
import { testSocketBackends } from '../support/socket-backends.ts';

testSocketBackends('required');

test('a path that is too long for a socket stops the start with a line that says so', async (t) => {
  const path = `/${'p'.repeat(107)}`;
  const run = await runCommand(t, ['proxy', '--backend', `a=unix:${path}`, '--data-dir', makeDataDir(t)]);
  assert.notEqual(run.code, 0);
  assert.match(run.stderr, /CT_BACKEND: a: the path of a socket has at most 107 bytes, this one has 108/);
});
