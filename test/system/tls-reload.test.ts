/** Settings of TLS that change while a front door serves: all of them or none, and no connection notices. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { Authority } from '../support/certificate.ts';
import { adminToken, ask, makeDataDir, startFrontDoor } from '../support/front-door.ts';
import { runCommand } from '../support/run-command.ts';
import type { RunResult } from '../support/run-command.ts';
import { startStaticBackend } from '../support/static-backend.ts';
import { askTls, runOpenssl } from '../support/tls-client.ts';

test('another folder, version, policy and redirect are taken up at once, or refused as a whole', async (t) => {
  const authority = new Authority(t);
  const dataDir = makeDataDir(t);
  const folderOf = (name: string, ...files: readonly string[]): string => {
    const folder = join(dataDir, name);
    mkdirSync(folder, { recursive: true });
    const { certPath, keyPath } = authority.sign(`DNS:${name}.test,DNS:localhost`);
    copyFileSync(certPath, join(folder, 'tls.crt'));
    if (!files.includes('no key')) copyFileSync(keyPath, join(folder, 'tls.key'));
    return `CT_TLS_DIR=${folder}`;
  };
  const backend = await startStaticBackend(t, 'a');
  const path = join(dataDir, 'settings.env');
  const write = (...lines: readonly string[]): void => writeFileSync(path, `${lines.join('\n')}\n`);
  write(folderOf('one'));
  const door = await startFrontDoor(t, {
    backends: [backend],
    dataDir,
    settings: { CT_SETTINGS_FILE: path },
  });
  const reload = async (): Promise<RunResult> =>
    await runCommand(t, ['reload', '--data-dir', dataDir], { CT_ADMIN_TOKEN: adminToken });
  const url = `wss://localhost:${door.httpsPort}/live`;
  const socket = new WebSocket(url, { headers: { ctstickiness: 'k' }, rejectUnauthorized: false });
  t.after(() => socket.terminate());
  await once(socket, 'message');
  const names = async (): Promise<string> => (await askTls(door.httpsPort)).names;

  write(folderOf('two', 'no key'), 'CT_HSTS=max-age=60');
  const refused = await reload();
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /certificates: .*two\/tls\.key cannot be read/);
  const before = await askTls(door.httpsPort);
  assert.deepEqual(
    [before.names, /strict-transport/.test(before.head)],
    ['DNS:one.test, DNS:localhost', false],
  );

  write(folderOf('two'), 'CT_HSTS=max-age=60', 'CT_TLS_MIN_VERSION=TLSv1.3', 'CT_HTTPS_REDIRECT=on');
  const done = await reload();
  assert.match(done.stdout, /^certificates: taken up$/m);
  assert.equal(await names(), 'DNS:two.test, DNS:localhost');
  assert.match((await askTls(door.httpsPort)).head, /^strict-transport-security: max-age=60$/m);
  assert.match((await runOpenssl(door.httpsPort, '-tls1_2')).text, /alert protocol version/);
  const redirected = await ask(door, '/page', { headers: { host: 'localhost' } });
  assert.equal(redirected.headers.location, `https://localhost:${door.httpsPort}/page`);

  write('CT_LOG_LEVEL=info');
  assert.match((await reload()).stderr, /certificates: the HTTPS port opens and closes with a restart alone/);
  assert.equal(await names(), 'DNS:two.test, DNS:localhost');
  const echo = once(socket, 'message');
  socket.send('still there');
  assert.equal(String(((await echo) as [Buffer])[0]), 'still there');
  socket.close();
});
