/** Settings of TLS to clients: certificates, whom they let in, and what sends clients to HTTPS. */
import { all, front, milliseconds } from './setting.ts';
import type { Setting } from './setting.ts';

/** What the header may say, RFC 6797 section 6.1. */
const strictTransportPattern = /^max-age=\d{1,10}(; includeSubDomains)?(; preload)?$/;

export const tlsSettings = {
  CT_TLS_CERT: {
    type: 'text',
    default: '',
    roles: all,
    scope: 'process',
    live: true,
    help: 'File with the certificate chain (PEM), for clients that name no host or one that no certificate of CT_TLS_DIR is for.',
  },
  CT_TLS_KEY: {
    type: 'text',
    default: '',
    roles: all,
    scope: 'process',
    live: true,
    help: 'File with the private key of the certificate (PEM).',
  },
  CT_TLS_DIR: {
    type: 'text',
    default: '',
    roles: front,
    scope: 'process',
    live: true,
    help: 'Folder with more certificates, chosen by the names in them: NAME.crt or NAME.pem with NAME.key, or fullchain.pem with privkey.pem, in it and in its folders.',
  },
  CT_SELF_SIGNED: {
    type: 'choice',
    default: 'no',
    choices: ['no', 'yes'],
    roles: front,
    scope: 'process',
    help: 'Whether the front door makes itself a certificate where CT_TLS_CERT names none; it is kept in the data folder, and its fingerprint is told at start.',
  },
  CT_TLS_MIN_VERSION: {
    type: 'choice',
    default: 'TLSv1.2',
    choices: ['TLSv1.2', 'TLSv1.3'],
    roles: front,
    scope: 'process',
    live: true,
    help: 'Oldest version of TLS that clients may speak.',
  },
  CT_TLS_RELOAD_INTERVAL_MS: {
    ...milliseconds,
    default: 30_000,
    min: 100,
    max: 3_600_000,
    roles: front,
    help: 'Certificates whose files have changed are taken at once where the system tells of it, and after this otherwise.',
  },
  CT_HANDSHAKE_TIMEOUT_MS: {
    ...milliseconds,
    default: 10_000,
    min: 100,
    max: 120_000,
    roles: front,
    help: 'A TLS handshake must be complete after this.',
  },
  CT_TLS_CLIENT_CERTS: {
    type: 'choice',
    default: 'off',
    choices: ['off', 'optional', 'required'],
    roles: front,
    scope: 'process',
    help: 'Whether clients are asked for a certificate of CT_TLS_CLIENT_CA; with required nobody gets in without one, over plain HTTP neither.',
  },
  CT_TLS_CLIENT_CA: {
    type: 'text',
    default: '',
    roles: front,
    scope: 'process',
    live: true,
    help: 'File with the certificates of authorities (PEM) that sign certificates of clients.',
  },
  CT_HTTPS_REDIRECT: {
    type: 'choice',
    default: 'off',
    choices: ['off', 'on'],
    roles: front,
    scope: 'process',
    live: true,
    help: 'Whether requests that come by plain HTTP are sent on to HTTPS (308), but for /ct-health and challenges of ACME.',
  },
  CT_HTTPS_PUBLIC_PORT: {
    type: 'integer',
    unit: 'port',
    default: 0,
    min: 0,
    max: 65_535,
    roles: front,
    scope: 'process',
    live: true,
    help: 'Port by which clients reach the HTTPS port, for CT_HTTPS_REDIRECT; 0 where it is CT_HTTPS_PORT.',
  },
  CT_HSTS: {
    type: 'text',
    default: '',
    roles: front,
    scope: 'process',
    live: true,
    help: 'Strict-Transport-Security of every answer over TLS, as max-age=31536000; includeSubDomains. Browsers keep to it for that many seconds.',
  },
  CT_ACME_DIR: {
    type: 'text',
    default: '',
    roles: front,
    scope: 'process',
    live: true,
    help: 'Folder in which a client of ACME puts .well-known/acme-challenge/TOKEN (certbot --webroot -w); served over HTTP and HTTPS.',
  },
} as const satisfies Record<string, Setting>;

interface TlsValues {
  readonly CT_TLS_CERT: string;
  readonly CT_TLS_KEY: string;
  readonly CT_TLS_DIR: string;
  readonly CT_SELF_SIGNED: string;
  readonly CT_TLS_CLIENT_CERTS: string;
  readonly CT_TLS_CLIENT_CA: string;
  readonly CT_HTTPS_REDIRECT: string;
  readonly CT_HSTS: string;
}

/** Whether the front door opens its HTTPS port. */
export function servesTls(
  settings: Pick<TlsValues, 'CT_TLS_CERT' | 'CT_TLS_DIR' | 'CT_SELF_SIGNED'>,
): boolean {
  return settings.CT_TLS_CERT !== '' || settings.CT_TLS_DIR !== '' || settings.CT_SELF_SIGNED === 'yes';
}

/** Rules over more than one of them. */
export function tlsFaults(settings: TlsValues): string[] {
  const faults: string[] = [];
  const { CT_TLS_CLIENT_CERTS: wanted, CT_TLS_CLIENT_CA: authorities, CT_HSTS: policy } = settings;
  if ((settings.CT_TLS_CERT === '') !== (settings.CT_TLS_KEY === ''))
    faults.push('CT_TLS_CERT and CT_TLS_KEY: both or neither must be set');
  if (settings.CT_TLS_CERT !== '' && settings.CT_SELF_SIGNED === 'yes')
    faults.push('CT_SELF_SIGNED: must be no where CT_TLS_CERT is set');
  if ((wanted === 'off') !== (authorities === ''))
    faults.push(
      'CT_TLS_CLIENT_CERTS and CT_TLS_CLIENT_CA: asking for certificates needs authorities, and the other way round',
    );
  if (policy !== '' && !strictTransportPattern.test(policy))
    faults.push(
      `CT_HSTS: "${policy}" is not max-age=SECONDS, with "; includeSubDomains" and "; preload" behind it or without`,
    );
  if (servesTls(settings)) return faults;
  const needing = {
    CT_HTTPS_REDIRECT: settings.CT_HTTPS_REDIRECT === 'on',
    CT_TLS_CLIENT_CERTS: wanted !== 'off',
    CT_HSTS: policy !== '',
  };
  for (const [name, isSet] of Object.entries(needing)) {
    if (isSet) faults.push(`${name}: needs HTTPS: CT_TLS_CERT and CT_TLS_KEY, CT_TLS_DIR or CT_SELF_SIGNED`);
  }
  return faults;
}
