/** TLS of a front door, put together: certificates and whoever looks after them, and what becomes of failed handshakes. */
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { servesTls } from '#shared/settings/tls-settings.ts';
import type { Reloads } from '../reload/reloads.ts';
import { careForCertificates } from './certificate-care.ts';
import { Certificates } from './certificates.ts';
import { HandshakeFailures } from './handshake-failures.ts';

export interface FrontTls {
  readonly certificates: Certificates;
  readonly failures: HandshakeFailures;
  /** Follows the files until the signal aborts. */
  readonly care: (signal: AbortSignal) => void;
}

/** Undefined where the settings name no certificate. Throws lines for people where one cannot be served. */
export function openTls(
  settings: Settings,
  log: Log,
  metrics: Metrics,
  reloads: Reloads,
): FrontTls | undefined {
  const nowMs = Date.now;
  const isServed = servesTls(settings);
  const certificates = isServed ? new Certificates({ settings, log, metrics, nowMs }) : undefined;
  reloads.onReload('certificates', ({ next }) => {
    if (servesTls(next) !== isServed) throw new Error('the HTTPS port opens and closes with a restart alone');
    return certificates?.prepare(next);
  });
  if (certificates === undefined) return undefined;
  return {
    certificates,
    failures: new HandshakeFailures(metrics, log),
    care: (signal) => careForCertificates({ certificates, settings, log, nowMs, signal }),
  };
}
