/**
 * Where the database is and how to reach it, as `locator-config.json` says it: the file and the variable
 * `CT_LOCATOR_CONFIG` that administrators know. Reads no file itself.
 */
import { z } from 'zod';
import type { SqlDialect } from './sql-driver.ts';

export interface DatabaseTls {
  /** `required` and `verify-full` check chain and host name, `verify-ca` the chain alone. */
  readonly mode: 'required' | 'verify-ca' | 'verify-full';
  readonly rejectUnauthorized: boolean;
  /** PEM. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

export interface DatabaseSettings {
  readonly dialect: SqlDialect;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Name of the database; for PostgreSQL, too, where the tables are in its schema `public`. */
  readonly schema: string;
  readonly tls: DatabaseTls | undefined;
}

export interface LocatorConfig {
  /** Undefined where the store is SQLite. */
  readonly database: DatabaseSettings | undefined;
}

const defaultPorts: Readonly<Record<SqlDialect, number>> = { mysql: 3306, postgres: 5432 };

/** PEM as such, or in base64, as the original product's variables have it. */
const pem = z
  .string()
  .transform((text) => (text.includes('-----BEGIN') ? text : Buffer.from(text, 'base64').toString('utf8')))
  .refine((text) => text.includes('-----BEGIN'), 'must be PEM, or PEM in base64');
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
const portNumber = z.coerce.number().int().min(1).max(65_535);
const mode = z
  .string()
  .toLowerCase()
  .transform((text) => text.replaceAll('_', '-').replace('verify-identity', 'verify-full'))
  .pipe(
    z.enum(['required', 'verify-ca', 'verify-full'], {
      error: 'must be required, verify-ca or verify-full; without TLS leave sslEnabled out',
    }),
  );

const serverSchema = z.strictObject({
  dialect: z.enum(['mysql', 'mariadb', 'postgres', 'postgresql']).default('mysql'),
  host: z.string().min(1),
  port: portNumber.optional(),
  user: z.string().min(1),
  password: z.string().default(''),
  schema: z
    .string()
    .regex(/^[A-Za-z0-9_$-]{1,63}$/, 'must be 1 to 63 of A-Z a-z 0-9 _ $ -')
    .default('codetogether'),
  sslEnabled: flag.default(false),
  sslMode: mode.default('required'),
  rejectUnauthorized: flag.default(true),
  sslCA: pem.optional(),
  sslCert: pem.optional(),
  sslKey: pem.optional(),
  // Of the original product, where it names what sslCA, sslCert and sslKey hold.
  sslKeys: z.unknown().optional(),
});
const fileSchema = z.object({ dialect: z.literal('sqlite') });
const locatorConfigSchema = z.strictObject({
  database: z.union([fileSchema, serverSchema]).optional(),
  locatorMode: flag.default(true),
  maxmindLicenseKey: z.unknown().optional(),
  maxmindAccountId: z.unknown().optional(),
});

export type LocatorConfigResult =
  | { readonly kind: 'valid'; readonly config: LocatorConfig }
  | { readonly kind: 'invalid'; readonly faults: readonly string[] };

/** Certificates from `CT_DB_SSL_CA`, `CT_DB_SSL_CERT`, `CT_DB_SSL_KEY`: those in the file win. */
export interface DatabaseCertificates {
  readonly sslCA?: string | undefined;
  readonly sslCert?: string | undefined;
  readonly sslKey?: string | undefined;
}

/** Reads the JSON text; every fault names its place, as `database.port: ...`, and no secret. */
export function parseLocatorConfig(
  text: string,
  certificates: DatabaseCertificates = {},
): LocatorConfigResult {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    return { kind: 'invalid', faults: [`not JSON: ${withoutText(error as Error)}`] };
  }
  const parsed = locatorConfigSchema.safeParse(withCertificates(given, certificates));
  if (!parsed.success) return { kind: 'invalid', faults: listFaults(given, parsed.error) };
  const { database, locatorMode } = parsed.data;
  if (database === undefined || database.dialect === 'sqlite' || !locatorMode)
    return { kind: 'valid', config: { database: undefined } };
  const dialect = database.dialect.startsWith('postgres') ? 'postgres' : 'mysql';
  const { host, user, password, schema, port = defaultPorts[dialect] } = database;
  const tls = database.sslEnabled ? tlsOf(database) : undefined;
  return { kind: 'valid', config: { database: { dialect, host, port, user, password, schema, tls } } };
}

/** `mysql://user@host:port/schema`, for people: no password. */
export function describeDatabase({ dialect, user, host, port, schema }: DatabaseSettings): string {
  return `${dialect}://${user}@${host.includes(':') ? `[${host}]` : host}:${port}/${schema}`;
}

function tlsOf(server: z.infer<typeof serverSchema>): DatabaseTls {
  const { sslMode, rejectUnauthorized, sslCA, sslCert, sslKey } = server;
  return { mode: sslMode, rejectUnauthorized, ca: sslCA, cert: sslCert, key: sslKey };
}

function withCertificates(given: unknown, certificates: DatabaseCertificates): unknown {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null;
  if (!isObject(given) || !isObject(given['database'])) return given;
  if (given['database']['dialect'] === 'sqlite') return given;
  const present = Object.entries(certificates).filter(([, value]) => value !== undefined && value !== '');
  return { ...given, database: { ...Object.fromEntries(present), ...given['database'] } };
}

/** A union's own fault says only that nothing fits: what is wrong with the server is what people want to read. */
function listFaults(given: unknown, error: z.ZodError): string[] {
  const database = (given as { database?: unknown } | null)?.database;
  const ofServer = serverSchema.safeParse(database).error?.issues ?? [];
  const isAboutDatabase = error.issues.some(({ path }) => path[0] === 'database');
  return [
    ...error.issues.filter(({ path }) => path[0] !== 'database'),
    ...(isAboutDatabase ? ofServer : []).map(({ path, message }) => ({
      path: ['database', ...path],
      message,
    })),
  ].map(({ path, message }) => formatFault(path, message));
}

function formatFault(path: readonly PropertyKey[], message: string): string {
  return `${path.length === 0 ? 'locator-config' : path.map(String).join('.')}: ${message}`;
}

/** V8 quotes what it could not read, which may be a password. */
function withoutText(error: Error): string {
  return error.message.replace(/, ".*$/s, '').replace(/: .*"$/s, '');
}
