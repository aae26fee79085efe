/**
 * Whom the front door trusts behind `https://` addresses of edges and static backends: the authorities that Node knows, those
 * of `CT_UPSTREAM_CA` as well, or everybody where `CT_TRUST_ALL_CERTS` says so.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { Settings } from '#shared/settings/schema.ts';
import { TlsSessions } from './wire/tls-sessions.ts';

/** The context is made once, for the first connection that needs it: all authorities take 20 ms. */
export interface UpstreamTrust {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
  /** Of edges that were trusted; go with the trust that they were judged by. */
  readonly sessions: TlsSessions;
}

/** Throws where the file is not there or holds no certificate. */
export function openTrust(settings: Pick<Settings, 'CT_UPSTREAM_CA' | 'CT_TRUST_ALL_CERTS'>): UpstreamTrust {
  const path = settings.CT_UPSTREAM_CA;
  const own = path === '' ? [] : [readAuthorities(path)];
  let context: SecureContext | undefined;
  return {
    get secureContext() {
      return (context ??= createSecureContext({ ca: [...getCACertificates('default'), ...own] }));
    },
    rejectUnauthorized: settings.CT_TRUST_ALL_CERTS !== 'true',
    sessions: new TlsSessions(),
  };
}

function readAuthorities(path: string): string {
  try {
    const text = readFileSync(path, 'latin1');
    // Node would take a file without certificates for one that trusts nobody.
    void new X509Certificate(text);
    return text;
  } catch (cause) {
    throw new Error(`CT_UPSTREAM_CA: no certificate (PEM) can be read from ${path}: ${String(cause)}`, {
      cause,
    });
  }
}
