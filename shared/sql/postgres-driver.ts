/** PostgreSQL by pg: the pool, how values go and come, and which of its errors mean what. */
import { Client, Pool, TypeOverrides, types } from 'pg';
import type { ClientConfig, PoolClient } from 'pg';
import type { DatabaseSettings } from './database-settings.ts';
import type { SqlConnection, SqlDriver, SqlFailure, SqlResult, SqlValue } from './sql-driver.ts';
import { connectMaxMs, idleMaxMs, tlsOptions } from './sql-tls.ts';
import { wayToServer } from './way-to-server.ts';

/** serialization_failure, deadlock_detected, lock_not_available. */
const againStates = new Set(['40001', '40P01', '55P03']);
/** Classes: connection exceptions, insufficient resources, operator intervention, system errors. */
const lostClasses = new Set(['08', '53', '57', '58']);
/** read_only_sql_transaction: a replica that was promoted, or not yet; invalid_catalog_name: not restored yet. */
const lostStates = new Set(['25006', '3D000']);

/**
 * A lock that does not come in 2 s is given up. So are, by the server, those of a transaction that says nothing for longer than our
 * calls last: its host is gone or stands still.
 */
const sessionOptions =
  '-c lock_timeout=2000 -c idle_in_transaction_session_timeout=5000 -c default_transaction_isolation=read\\ committed';

export function createPostgresDriver(settings: DatabaseSettings, connectionsMax: number): SqlDriver {
  const { host, port, user, password, schema, tls } = settings;
  const config: ClientConfig = {
    host,
    port,
    user,
    password,
    database: schema,
    keepAlive: true,
    application_name: 'mooring',
    options: sessionOptions,
    types: wholeNumbers(),
    ...(tls === undefined ? {} : { ssl: tlsOptions(tls) }),
  };
  const pool = new Pool({
    ...config,
    max: connectionsMax,
    connectionTimeoutMillis: connectMaxMs,
    idleTimeoutMillis: idleMaxMs,
  });
  // A connection that breaks while nobody uses it is none that anybody waits for: the pool has dropped it.
  pool.on('error', ignore);
  // From its first moment: a server that ends says "ready" and "ended" in one packet, before whoever waits for the connection has it.
  pool.on('connect', (client) => client.on('error', ignore));
  return {
    dialect: 'postgres',
    connect: async () => wrap(await pool.connect()),
    look: async (signal) => await look(config, signal),
    judge,
    close: async () => await pool.end(),
  };
}

/** A break of a connection shows as the failure of its statement. */
function ignore(): void {
  // Nobody else is to be told.
}

async function look(config: ClientConfig, signal: AbortSignal): Promise<void> {
  const client = new Client({ ...config, stream: () => wayToServer(signal) });
  client.on('error', ignore);
  await client.connect();
  await client.end();
}

const met = new WeakSet<PoolClient>();

function wrap(client: PoolClient): SqlConnection {
  const isNew = !met.has(client);
  met.add(client);
  return {
    isNew,
    run: async (statement, values = []) => await run(client, statement, values),
    release: () => client.release(),
    destroy: () => client.release(true),
  };
}

async function run(client: PoolClient, statement: string, values: readonly SqlValue[]): Promise<SqlResult> {
  const parameters = values.map((value) =>
    value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value,
  );
  const { rows, rowCount } = await client.query<Record<string, unknown>>(numbered(statement), parameters);
  return { rows, changes: rowCount ?? 0, insertId: 0 };
}

const numberedStatements = new Map<string, string>();
/** Statements are made from constants, but for the length of their lists. */
const numberedMax = 2_000;

/** `?` as `$1`, `$2`, ...; no statement here has a question mark for anything else. */
function numbered(statement: string): string {
  const known = numberedStatements.get(statement);
  if (known !== undefined) return known;
  let count = 0;
  const made = statement.replaceAll('?', () => `$${++count}`);
  if (numberedStatements.size >= numberedMax) numberedStatements.clear();
  numberedStatements.set(statement, made);
  return made;
}

/** Our whole numbers stay below 2^53. */
function wholeNumbers(): TypeOverrides {
  const overrides = new TypeOverrides();
  overrides.setTypeParser(types.builtins.INT8, Number);
  return overrides;
}

function judge(error: unknown): SqlFailure {
  const { code } = error as { code?: string };
  // The library's own errors have no SQLSTATE: the connection broke, or none came in time.
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) return 'lost';
  if (againStates.has(code)) return 'again';
  return lostClasses.has(code.slice(0, 2)) || lostStates.has(code) ? 'lost' : 'refused';
}
