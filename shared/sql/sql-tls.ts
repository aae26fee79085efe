/** TLS to a database, as Node's `tls.connect` takes it. */
import type { ConnectionOptions } from 'node:tls';
import type { DatabaseTls } from './database-settings.ts';

/** A server answers at once or is not there; below the deadline of a call, which says why it failed. */
export const connectMaxMs = 2_000;
/** Connections that nobody needs end: a server takes so many in all. Sooner than a MySQL server ends them (`wait_timeout`). */
export const idleMaxMs = 45_000;

interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly minVersion: 'TLSv1.2';
  readonly verifyIdentity: boolean;
  readonly checkServerIdentity?: NonNullable<ConnectionOptions['checkServerIdentity']>;
}

export function tlsOptions({ mode, rejectUnauthorized, ca, cert, key }: DatabaseTls): TlsOptions {
  const checksName = rejectUnauthorized && mode !== 'verify-ca';
  return {
    rejectUnauthorized,
    minVersion: 'TLSv1.2',
    // mysql2 checks the name only where it is told to.
    verifyIdentity: checksName,
    ...(checksName ? {} : { checkServerIdentity: () => undefined }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
