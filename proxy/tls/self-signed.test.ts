/** The certificate that a front door makes itself, as openssl sees it, and the file that it is kept in. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { readFingerprint, selfSignedPath } from '#shared/self-signed-file.ts';
import { readPair } from './certificate-pair.ts';
import { ensureSelfSigned, makeSelfSigned } from './self-signed.ts';

const dayMs = 86_400_000;
const now = Date.now();

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('openssl reads the certificate, verifies it for its names and takes the key for its own', (t) => {
  const hosts = ['localhost', 'host.example', '127.0.0.1', '::1', '2001:db8::a:1', '::ffff:192.0.2.1'];
  const path = join(makeFolder(t), 'made.pem');
  writeFileSync(path, makeSelfSigned(hosts, now));
  const openssl = (...args: string[]): string =>
    execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
  for (const host of ['localhost', 'host.example'])
    assert.match(openssl('verify', '-CAfile', path, '-verify_hostname', host, path), /OK/);
  for (const address of ['127.0.0.1', '::1', '2001:db8::a:1', '::ffff:192.0.2.1'])
    assert.match(openssl('verify', '-CAfile', path, '-verify_ip', address, path), /OK/);
  assert.throws(() => openssl('verify', '-CAfile', path, '-verify_hostname', 'elsewhere', path));
  const text = openssl('x509', '-in', path, '-noout', '-text');
  assert.match(text, /Signature Algorithm: ecdsa-with-SHA256/);
  assert.match(text, /CA:FALSE/);
  assert.match(text, /TLS Web Server Authentication/);
  assert.match(text, /Key Usage: critical\n\s+Digital Signature\n/);
  assert.match(openssl('pkey', '-in', path, '-noout', '-check'), /valid/i);
  const pair = readPair({ certPath: path, keyPath: path }, now);
  assert.deepEqual(pair.names.slice(0, 5), hosts.slice(0, 5));
  assert.ok(pair.notAfterMs > now + 300 * dayMs);
});

test('the file can be read by its owner alone, and is kept from start to start', (t) => {
  const folder = makeFolder(t);
  assert.equal(ensureSelfSigned(folder, 'door.example', now), true);
  const path = selfSignedPath(folder);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const before = readFingerprint(folder);
  assert.equal(ensureSelfSigned(folder, 'door.example', now), false);
  assert.equal(readFingerprint(folder), before);
  assert.deepEqual(readdirSync(folder), ['self-signed.pem'], 'no draft is left');
  assert.equal(new X509Certificate(readFileSync(path)).checkHost('door.example'), 'door.example');
});

test('a certificate that ends within a month is replaced, and one that ends later is not', (t) => {
  const folder = makeFolder(t);
  ensureSelfSigned(folder, '0.0.0.0', now - 360 * dayMs);
  assert.equal(ensureSelfSigned(folder, '0.0.0.0', now), false);
  const before = readFingerprint(folder);
  assert.equal(ensureSelfSigned(folder, '0.0.0.0', now + 8 * dayMs), true);
  assert.notEqual(readFingerprint(folder), before);
  assert.equal(statSync(selfSignedPath(folder)).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['self-signed.pem']);
});

test('a file that is no certificate is not overwritten', (t) => {
  const folder = makeFolder(t);
  writeFileSync(selfSignedPath(folder), 'something of somebody');
  assert.throws(() => ensureSelfSigned(folder, '::', now), /holds no certificate; remove the file/);
});
