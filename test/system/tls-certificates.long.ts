/**
 * Certificates of the front door in places that cannot be watched, beside pairs of no use, and near their end: each is taken,
 * kept or warned of as it should be.
 */
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSelfSigned } from '../../proxy/tls/self-signed.ts';
import { Authority } from '../support/certificate.ts';
import { dayMs, makeFolder, put, shows, startTls } from '../support/certificate-folder.ts';

test('what cannot be watched is found by the interval', async (t) => {
  const authority = new Authority(t);
  const folder = makeFolder(t);
  put(join(folder, 'v1'), 'tls', authority.sign('DNS:one.test'));
  put(join(folder, 'v2'), 'tls', authority.sign('DNS:two.test'));
  symlinkSync('v1', join(folder, 'current'));
  const current = join(folder, 'current');
  const door = await startTls(t, { CT_TLS_DIR: current, CT_TLS_RELOAD_INTERVAL_MS: '100' });
  await shows(door, 'one.test', 'DNS:one.test');
  // A watch of the folder follows the link once, when it begins.
  unlinkSync(current);
  symlinkSync('v2', current);
  await shows(door, 'two.test', 'DNS:two.test');
});

test('one bad pair of a folder keeps no other from being renewed', async (t) => {
  const authority = new Authority(t);
  const folder = makeFolder(t);
  put(folder, 'a', authority.sign('DNS:a.test'));
  put(folder, 'b', authority.sign('DNS:b.test'));
  const door = await startTls(t, { CT_TLS_DIR: folder });
  writeFileSync(join(folder, 'a.crt'), 'nothing of use');
  put(folder, 'b', authority.sign('DNS:b.test,DNS:c.test'));
  await shows(door, 'c.test', 'DNS:b.test, DNS:c.test');
  await shows(door, 'a.test', 'DNS:a.test');
  rmSync(join(folder, 'b.crt'));
  rmSync(join(folder, 'b.key'));
  await shows(door, 'b.test', 'DNS:a.test');
});

test('a certificate that ends within 14 days is warned of once', async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, 'soon.crt'), makeSelfSigned(['soon.test'], Date.now() - 390 * dayMs));
  copyFileSync(join(folder, 'soon.crt'), join(folder, 'soon.key'));
  const door = await startTls(t, { CT_TLS_DIR: folder, CT_TLS_RELOAD_INTERVAL_MS: '100' });
  const line = await door.log.next(({ event }) => event === 'certificate.expiring', 'the warning');
  assert.deepEqual([line.level, line['name']], ['warn', 'soon.test']);
  cpSync(join(folder, 'soon.crt'), join(folder, 'later.pem'));
  writeFileSync(join(folder, 'later.pem'), makeSelfSigned(['later.test'], Date.now()));
  copyFileSync(join(folder, 'later.pem'), join(folder, 'later.key'));
  await shows(door, 'later.test', 'DNS:later.test');
  assert.equal(door.log.items.filter(({ event }) => event === 'certificate.expiring').length, 1);
});
