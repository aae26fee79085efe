/** MySQL and MariaDB by mysql2: the pool, the session's settings, and which of their errors mean what. */
import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { createConnection, createPool } from 'mysql2/promise';
import type { ConnectionOptions, Pool, PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { DatabaseSettings } from './database-settings.ts';
import type { SqlConnection, SqlDriver, SqlFailure, SqlResult, SqlValue } from './sql-driver.ts';
import { connectMaxMs, idleMaxMs, tlsOptions } from './sql-tls.ts';
import { wayToServer } from './way-to-server.ts';

/** Deadlock, and a lock that did not come in time; MariaDB: the row has changed since it was read. */
const againCodes = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD']);
/** The server goes down, is full, refuses writes as a replica, or does not know the database (yet). */
const lostCodes = new Set([
  'ER_SERVER_SHUTDOWN',
  'ER_CON_COUNT_ERROR',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_QUERY_INTERRUPTED',
  'ER_DISK_FULL',
  'ER_RECORD_FILE_FULL',
]);

/**
 * READ COMMITTED: no gap locks, and the rest of a decision is locked by name. Strict, so that a value that does not
 * fit is an error. A lock that does not come in 2 s is given up. So are, by the server, those of a transaction that says nothing for
 * longer than our calls last, as its host is gone or stands still: MariaDB has a limit for that, and MySQL, which does not know
 * it, one for connections.
 */
const sessionSettings = [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
  'SET SESSION innodb_lock_wait_timeout = 2',
  'SET SESSION idle_transaction_timeout = 5',
  'SET SESSION wait_timeout = 60',
];

export function createMysqlDriver(settings: DatabaseSettings, connectionsMax: number): SqlDriver {
  const { host, port, user, password, schema, tls } = settings;
  const config: ConnectionOptions = {
    host,
    port,
    user,
    password,
    database: schema,
    enableKeepAlive: true,
    charset: 'utf8mb4',
    // A stack for each statement, in case that it fails.
    trace: false,
    ...(tls === undefined ? {} : { ssl: tlsOptions(tls), host: checkedName(host) }),
  };
  const stream = (): Socket => connect({ host, port, noDelay: true, keepAlive: true });
  const pool = createPool({
    ...config,
    stream,
    connectionLimit: connectionsMax,
    maxIdle: connectionsMax,
    connectTimeout: connectMaxMs,
    idleTimeout: idleMaxMs,
  });
  // Ahead of the first statement of each connection: they run in order. The event hands out the callback connection.
  pool.on('connection', (connection) => {
    const raw = connection as unknown as { query: (statement: string, done: () => void) => void };
    for (const statement of sessionSettings) raw.query(statement, () => undefined);
  });
  return {
    dialect: 'mysql',
    connect: async () => wrap(await takeConnection(pool)),
    look: async (signal) => await look({ ...config, stream: () => wayToServer(signal).connect(port, host) }),
    judge,
    close: async () => await pool.end(),
  };
}

/**
 * Whom the certificate has to be for. mysql2 tells TLS no name that is an address, and Node takes "localhost" for it then: one
 * with a dot at its end is passed on, and checked without the dot, against the addresses of the certificate.
 */
function checkedName(host: string): string {
  return isIP(host) === 0 ? host : `${host}.`;
}

async function look(config: ConnectionOptions): Promise<void> {
  // Zero: without a time-out of the library's own.
  const connection = await createConnection({ ...config, connectTimeout: 0 });
  await connection.end();
}

/** The pool itself waits without end; a connection that comes too late goes back. */
async function takeConnection(pool: Pool): Promise<PoolConnection> {
  const taking = pool.getConnection();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(Object.assign(new Error('no connection became free in time'), { code: 'POOL_TIMEOUT' }));
    taking.then((connection) => connection.release()).catch(() => undefined);
  }, connectMaxMs);
  return await Promise.race([taking, late]).finally(() => clearTimeout(timer));
}

const met = new WeakSet<object>();

function wrap(connection: PoolConnection): SqlConnection {
  // The library wraps it anew each time.
  const raw = connection.connection;
  const isNew = !met.has(raw);
  met.add(raw);
  return {
    isNew,
    run: async (statement, values = []) => await run(connection, statement, values),
    release: () => connection.release(),
    destroy: () => connection.destroy(),
  };
}

async function run(
  connection: PoolConnection,
  statement: string,
  values: readonly SqlValue[],
): Promise<SqlResult> {
  const hasBytes = values.some((value) => value instanceof Uint8Array);
  // Bytes travel as such in a prepared statement, and twice as long as text of hexadecimal digits otherwise.
  const [result] = hasBytes
    ? await connection.execute(statement, values.map(toParameter))
    : await connection.query(statement, [...values]);
  if (Array.isArray(result)) return { rows: result as RowDataPacket[], changes: result.length, insertId: 0 };
  const { affectedRows, insertId } = result as ResultSetHeader;
  return { rows: [], changes: affectedRows, insertId };
}

/** mysql2 sends a number as a double, which LIMIT and some comparisons refuse or read slowly: digits are safe. */
function toParameter(value: SqlValue): string | Buffer | null {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value === null ? null : String(value);
}

function judge(error: unknown): SqlFailure {
  const { code, errno, fatal } = error as { code?: string; errno?: number; fatal?: boolean };
  if (code === undefined) return 'refused';
  if (againCodes.has(code)) return 'again';
  const isServerError = code.startsWith('ER_') && errno !== undefined;
  if (lostCodes.has(code) || !isServerError || fatal === true) return 'lost';
  return 'refused';
}
