/** Certificates over months, by a clock that the test sets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLog } from '#shared/log.ts';
import type { Log } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import { loadSettings } from '#shared/settings/load.ts';
import { until } from '../../test/support/front-door.ts';
import { careForCertificates } from './certificate-care.ts';
import { Certificates } from './certificates.ts';

const dayMs = 86_400_000;

test('a certificate of one’s own is renewed in time, without a restart, and keys of tickets every day', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-test-'));
  const ending = new AbortController();
  t.after(() => {
    ending.abort();
    rmSync(folder, { recursive: true });
  });
  const env = {
    CT_SELF_SIGNED: 'yes',
    CT_DATA_DIR: folder,
    CT_TLS_RELOAD_INTERVAL_MS: '100',
    CT_BACKEND: 'a=http://127.0.0.1:1',
  };
  const loaded = loadSettings({ role: 'proxy', env });
  assert.equal(loaded.kind, 'valid');
  const { settings } = loaded as typeof loaded & { kind: 'valid' };
  const told: string[] = [];
  const note = (event: string): number => told.push(event);
  const log: Log = { ...silentLog(), info: note, warn: note, error: note };
  let now = Date.now();
  const nowMs = (): number => now;
  const certificates = new Certificates({ settings, log, metrics: new Metrics('ct_proxy_'), nowMs });
  let changes = 0;
  certificates.onChange = () => changes++;
  careForCertificates({ certificates, settings, log, nowMs, signal: ending.signal });
  const first = certificates.standard.fingerprint;
  const { ticketKeys } = certificates.serverOptions();
  now += 2 * dayMs;
  const haveKeys = (): boolean => !certificates.serverOptions().ticketKeys.equals(ticketKeys);
  await until(() => Promise.resolve(haveKeys()), 'the keys of tickets are new');
  assert.deepEqual([certificates.standard.fingerprint, changes], [first, 1]);
  now += 366 * dayMs;
  await until(
    () => Promise.resolve(certificates.standard.fingerprint !== first),
    'the certificate that ends within a month is renewed',
  );
  assert.ok(certificates.standard.notAfterMs - now > 300 * dayMs);
  assert.ok(!told.includes('certificate.expiring'), 'it is renewed before anybody needs to know');
  assert.deepEqual(
    told.filter((event) => event.startsWith('certificate')),
    ['certificate.made', 'certificates.loaded', 'certificate.made', 'certificates.loaded'],
  );
});
