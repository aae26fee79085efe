/** Pairs of certificate and key that are not taken, each with the line that says why. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Authority } from '../../test/support/certificate.ts';
import { readPair } from './certificate-pair.ts';
import { makeSelfSigned } from './self-signed.ts';

const dayMs = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'mooring-test-'));
after(() => rmSync(folder, { recursive: true }));
const authority = new Authority({ after });
const leaf = authority.sign('DNS:a.example,DNS:*.b.example,IP:2001:db8::1,IP:192.0.2.1');
const other = authority.sign('DNS:other.example');
const cert = readFileSync(leaf.certPath, 'utf8');
const key = readFileSync(leaf.keyPath, 'utf8');
const chain = cert + readFileSync(authority.own.certPath, 'utf8');

function write(certText: string, keyText = key): { certPath: string; keyPath: string } {
  const files = { certPath: join(folder, 'tls.crt'), keyPath: join(folder, 'tls.key') };
  writeFileSync(files.certPath, certText);
  writeFileSync(files.keyPath, keyText);
  return files;
}

test('a whole pair is taken, with the names that its certificate holds', () => {
  const pair = readPair(write(chain), now);
  assert.deepEqual(pair.names, ['a.example', '*.b.example', '2001:db8::1', '192.0.2.1']);
  assert.equal(readPair(write(chain), now, pair), pair, 'the same files give the same pair');
  assert.notEqual(readPair(write(cert), now, pair), pair);
});

function openssl(...args: string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'], input: key });
}

function makeWeak(): string {
  const path = join(folder, 'weak.pem');
  const args = ['-newkey', 'rsa:1024', '-nodes', '-keyout', path, '-subj', '/CN=weak', '-days', '2'];
  return openssl('req', '-x509', ...args) + readFileSync(path, 'utf8');
}

const weak = makeWeak();
// After openssl, which begins a certificate's time with the second in which it is made.
const now = Date.now();
const expired = makeSelfSigned(['old.example'], now - 400 * dayMs);
const early = makeSelfSigned(['early.example'], now + dayMs);
const encrypted = openssl('pkcs8', '-topk8', '-passout', 'pass:secret', '-v2', 'aes-256-cbc');

const refused: readonly (readonly [string, () => { certPath: string; keyPath: string }, RegExp])[] = [
  [
    'no file',
    () => ({ certPath: '/nowhere/tls.crt', keyPath: '' }),
    /\/nowhere\/tls\.crt cannot be read: ENOENT/,
  ],
  [
    'no key file',
    () => ({ ...write(cert), keyPath: '/nowhere/tls.key' }),
    /\/nowhere\/tls\.key cannot be read/,
  ],
  ['an empty certificate', () => write(''), /tls\.crt holds no certificate/],
  ['a certificate that breaks off', () => write(cert.slice(0, -60)), /tls\.crt holds no certificate/],
  ['a chain that breaks off', () => write(chain.slice(0, -60)), /breaks off in the middle/],
  ['a damaged certificate', () => write(cert.replace(/\n[A-Za-z0-9+/]{8}/, '\nAAAAAAAA')), /cannot be read/],
  ['an empty key', () => write(cert, ''), /tls\.key holds no private key/],
  ['a key that breaks off', () => write(cert, key.slice(0, -40)), /tls\.key holds no private key/],
  ['an encrypted key', () => write(cert, encrypted), /tls\.key is encrypted/],
  ['another’s key', () => write(cert, readFileSync(other.keyPath, 'utf8')), /does not belong to/],
  [
    'a chain in the wrong order',
    () => write(readFileSync(authority.own.certPath, 'utf8') + cert),
    /its certificate has to be the first/,
  ],
  ['an expired certificate', () => write(expired, expired), /has expired on 20/],
  ['a certificate of tomorrow', () => write(early, early), /is not valid before 20/],
];

for (const [what, files, reason] of refused) {
  test(`${what} is refused in plain words`, () => {
    assert.throws(() => readPair(files(), now), reason);
  });
}

test('a key that OpenSSL finds too weak is refused when it is read, not when a client comes', () => {
  assert.throws(() => readPair(write(weak, weak), now), /cannot be served: .*too small/);
});
