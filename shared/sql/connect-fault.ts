/** Why a database server cannot be used, and what to do about it, for administrators: no password in it. */
import type { DatabaseSettings } from './database-settings.ts';

type Explain = (settings: DatabaseSettings) => string;

const nobody: Explain = ({ host, port }) =>
  `nobody answers at ${host}:${port}: start the database server, or correct database.host and database.port`;
const untrusted: Explain = () =>
  'its certificate is signed by nobody whom this machine trusts: put the authority’s certificate into database.sslCA or CT_DB_SSL_CA';
const denied: Explain = ({ user }) =>
  `it does not let ${user} in: correct database.user and database.password, and the hosts from which that user may come (or it demands TLS: database.sslEnabled)`;
const noDatabase: Explain = ({ schema, user }) =>
  `it has no database ${schema}: CREATE DATABASE ${schema}, and all rights on it for ${user}`;
const full: Explain = () =>
  'it takes no more connections: raise its max_connections, or lower CT_DB_CONNECTIONS_MAX of the pool';
const noTls: Explain = () =>
  'it speaks no TLS, which database.sslEnabled asks for: give it a certificate, or leave sslEnabled out';

const expired: Explain = () => 'its certificate has expired: renew it';
const wrongName: Explain = ({ host }) =>
  `its certificate is not for ${host}: use the name that it is for, or database.sslMode verify-ca`;

const byCode: Readonly<Record<string, Explain>> = {
  ECONNREFUSED: nobody,
  EHOSTUNREACH: nobody,
  ENETUNREACH: nobody,
  ETIMEDOUT: nobody,
  POOL_TIMEOUT: nobody,
  ENOTFOUND: ({ host }) => `no address is known for ${host}: correct database.host, or the name service`,
  EAI_AGAIN: ({ host }) =>
    `the name service does not answer for ${host}: correct database.host, or try again`,
  ER_ACCESS_DENIED_ERROR: denied,
  ER_ACCESS_DENIED_NO_PASSWORD_ERROR: denied,
  '28000': denied,
  '28P01': denied,
  ER_DBACCESS_DENIED_ERROR: ({ schema, user }) =>
    `${user} may not use the database ${schema}: GRANT ALL ON ${schema}.* TO that user`,
  '42501': ({ schema, user }) =>
    `${user} lacks a right in ${schema}: make that user the owner of the database`,
  ER_BAD_DB_ERROR: noDatabase,
  '3D000': noDatabase,
  ER_CON_COUNT_ERROR: full,
  '53300': full,
  ER_SECURE_TRANSPORT_REQUIRED: () => 'it demands TLS: set database.sslEnabled to true',
  HANDSHAKE_NO_SSL_SUPPORT: noTls,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_HAS_EXPIRED: expired,
  ERR_TLS_CERT_ALTNAME_INVALID: wrongName,
};

export function explainConnectFault(error: unknown, settings: DatabaseSettings): string {
  const { code = '', message, cause } = error as { code?: string; message?: string; cause?: unknown };
  const explain = byCode[code];
  if (explain !== undefined) return explain(settings);
  // Their client libraries wrap what TLS says, and leave its code out.
  if (/does not support SSL/.test(message ?? '')) return noTls(settings);
  if (/self.signed|unable to (?:verify|get)/.test(message ?? '')) return untrusted(settings);
  if (/altnames/.test(message ?? '')) return wrongName(settings);
  if (/has expired/.test(message ?? '')) return expired(settings);
  if (/timeout/i.test(message ?? '')) return nobody(settings);
  if (cause !== undefined) return explainConnectFault(cause, settings);
  return `it answers with: ${message ?? String(error)} ${code === '' ? '' : `(${code})`}`.trim();
}
