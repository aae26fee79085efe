/** Edges and static backends behind `https://`, on native sockets, and a file of authorities that has none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Authority } from '../support/certificate.ts';
import { runCommand } from '../support/run-command.ts';
import { testTlsUpstreams } from '../support/tls-upstreams.ts';

testTlsUpstreams('required');

test('a file without certificates stops the start with a line that says so', async (t) => {
  const { keyPath } = new Authority(t).own;
  const settings = { CT_UPSTREAM_CA: keyPath, CT_BACKEND: 'a=https://127.0.0.1:1' };
  const run = await runCommand(t, ['proxy'], settings);
  assert.notEqual(run.code, 0);
  assert.match(run.stderr + run.stdout, /CT_UPSTREAM_CA: no certificate \(PEM\) can be read from/);
});
