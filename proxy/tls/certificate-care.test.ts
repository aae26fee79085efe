/** Certificates over months, by a clock that the test sets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { silentLog } from '#shared/log.ts';
import type { Log } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import { loadSettings } from '#shared/settings/load.ts';
import { until } from '../../test/support/front-door.ts';
import { careForCertificates } from './certificate-care.ts';
import { Certificates } from './certificates.ts';
import { makeSelfSigned } from './self-signed.ts';

const dayMs = 86_400_000;

interface Scene {
  readonly certificates: Certificates;
  readonly told: string[];
  readonly clock: { now: number };
}

/** Certificates under care, by settings on top of those of a front door with one backend. */
function open(t: TestContext, folder: string, env: Record<string, string>): Scene {
  const ending = new AbortController();
  t.after(() => ending.abort());
  const own = { CT_DATA_DIR: folder, CT_TLS_RELOAD_INTERVAL_MS: '100', CT_BACKEND: 'a=http://127.0.0.1:1' };
  const loaded = loadSettings({ role: 'proxy', env: { ...own, ...env } });
  assert.equal(loaded.kind, 'valid');
  const { settings } = loaded as typeof loaded & { kind: 'valid' };
  const told: string[] = [];
  const note = (event: string): number => told.push(event);
  const log: Log = { ...silentLog(), info: note, warn: note, error: note };
  const clock = { now: Date.now() };
  const nowMs = (): number => clock.now;
  const certificates = new Certificates({ settings, log, metrics: new Metrics('ct_proxy_'), nowMs });
  careForCertificates({ certificates, settings, log, nowMs, signal: ending.signal });
  return { certificates, told, clock };
}

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a certificate of one’s own is renewed in time, without a restart, and keys of tickets every day', async (t) => {
  const { certificates, told, clock } = open(t, makeFolder(t), { CT_SELF_SIGNED: 'yes' });
  let changes = 0;
  certificates.onChange = () => changes++;
  const first = certificates.standard.fingerprint;
  const { ticketKeys } = certificates.serverOptions();
  clock.now += 2 * dayMs;
  const haveKeys = (): boolean => !certificates.serverOptions().ticketKeys.equals(ticketKeys);
  await until(() => Promise.resolve(haveKeys()), 'the keys of tickets are new');
  assert.deepEqual([certificates.standard.fingerprint, changes], [first, 1]);
  clock.now += 366 * dayMs;
  await until(
    () => Promise.resolve(certificates.standard.fingerprint !== first),
    'the certificate that ends within a month is renewed',
  );
  assert.ok(certificates.standard.notAfterMs - clock.now > 300 * dayMs);
  assert.ok(!told.includes('certificate.expiring'), 'it is renewed before anybody needs to know');
  assert.deepEqual(told, [
    'certificate.made',
    'certificates.loaded',
    'certificate.made',
    'certificates.loaded',
  ]);
});

test('a certificate that is not valid yet is taken when its time comes, and refused in one line until then', async (t) => {
  const folder = makeFolder(t);
  const write = (ms: number): void => {
    const text = makeSelfSigned(['a.test'], ms);
    for (const name of ['tls.crt', 'tls.key']) writeFileSync(join(folder, name), text);
  };
  write(Date.now());
  const { certificates, told, clock } = open(t, folder, { CT_TLS_DIR: folder });
  const first = certificates.standard.fingerprint;
  write(clock.now + dayMs);
  await until(() => Promise.resolve(certificates.isIncomplete), 'it is refused');
  assert.equal(certificates.standard.fingerprint, first);
  clock.now += 2 * dayMs;
  await until(() => Promise.resolve(certificates.standard.fingerprint !== first), 'it is taken');
  assert.equal(certificates.isIncomplete, false);
  assert.equal(told.filter((event) => event === 'certificate.refused').length, 1);
});
