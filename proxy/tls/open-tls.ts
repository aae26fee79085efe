/** TLS of a front door, put together: certificates and whoever looks after them, and what becomes of failed handshakes. */
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { servesTls } from '#shared/settings/tls-settings.ts';
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
export function openTls(settings: Settings, log: Log, metrics: Metrics): FrontTls | undefined {
  if (!servesTls(settings)) return undefined;
  const nowMs = Date.now;
  const certificates = new Certificates({ settings, log, metrics, nowMs });
  return {
    certificates,
    failures: new HandshakeFailures(metrics, log),
    care: (signal) => careForCertificates({ certificates, settings, log, nowMs, signal }),
  };
}
