/** What a database server is, and what of its configuration would break a pool or slow it down. Changes nothing. */
import type { SqlDialect, SqlRunner } from './sql-driver.ts';
import { databaseNowMs } from './sql-driver.ts';

/** One line for administrators; a fault says what to do about it, a note what to know. */
export interface Finding {
  readonly name: string;
  readonly text: string;
  readonly kind: 'fact' | 'note' | 'fault';
}

interface Asking extends SqlRunner {
  readonly dialect: SqlDialect;
}

/** The largest statement that a store sends: a part of a document and what is around it. */
const packetMinBytes = 4_194_304;
const askedTimes = 5;
/** Epochs start from a host's clock, which has to be right to the year; a day off is a fault of somebody's all the same. */
const clockMaxApartMs = 86_400_000;

export async function checkServer(sql: Asking): Promise<readonly Finding[]> {
  const values = await readValues(sql);
  const own = sql.dialect === 'mysql' ? mysqlFindings(values) : postgresFindings(values);
  return [
    fact('server', values['version']!),
    fact('TLS', values['tls'] === '' ? 'none' : values['tls']!),
    fact('latency', `${(await measureLatency(sql)).toFixed(1)} ms, the middle of ${askedTimes}`),
    await checkClock(sql),
    ...own,
  ];
}

type Values = Readonly<Record<string, string>>;

function mysqlFindings(values: Values): Finding[] {
  const packet = Number(values['packet']);
  const isByStatement = values['log_bin'] === '1' && values['binlog_format'] === 'STATEMENT';
  return [
    packet < packetMinBytes
      ? fault(
          'packet',
          `max_allowed_packet is ${packet}: set it to ${packetMinBytes} or more; the default of 16777216 is right`,
        )
      : fact('packet', `max_allowed_packet ${packet}, of which ${packetMinBytes} are needed`),
    isByStatement
      ? fault(
          'isolation',
          'binlog_format is STATEMENT, with which it refuses writes at READ COMMITTED: set it to ROW',
        )
      : fact(
          'isolation',
          `READ COMMITTED, binary log ${values['log_bin'] === '1' ? values['binlog_format'] : 'off'}`,
        ),
    ...(values['read_only'] === '0' || values['read_only'] === 'OFF'
      ? []
      : [
          fault(
            'writes',
            'read_only is on, as on a replica: name the server that takes writes in database.host',
          ),
        ]),
    ...(values['flush'] === '1'
      ? []
      : [
          note(
            'durability',
            `innodb_flush_log_at_trx_commit is ${values['flush']}: a power cut takes acknowledged writes back; 1 keeps them`,
          ),
        ]),
    connections(values),
  ];
}

function postgresFindings(values: Values): Finding[] {
  const lax = ['fsync', 'synchronous_commit'].filter((name) => values[name] === 'off');
  return [
    fact('isolation', values['isolation']!),
    ...(values['read_only'] === 'off'
      ? []
      : [
          fault(
            'writes',
            'it takes no writes, as a standby: name the primary in database.host, or set default_transaction_read_only to off',
          ),
        ]),
    ...lax.map((name) =>
      note('durability', `${name} is off: a power cut takes acknowledged writes back; on keeps them`),
    ),
    connections(values),
  ];
}

function connections({ used, max }: Values): Finding {
  return fact('connections', `${used} in use, max_connections ${max}`);
}

const mysqlValues = `SELECT @@version AS version, @@version_comment AS comment, @@max_allowed_packet AS packet,
  @@log_bin AS log_bin, @@binlog_format AS binlog_format, @@global.read_only AS read_only,
  @@innodb_flush_log_at_trx_commit AS flush, @@max_connections AS max`;
const postgresValues = `SELECT current_setting('server_version') AS version, current_setting('transaction_isolation') AS isolation,
  current_setting('transaction_read_only') AS read_only, current_setting('fsync') AS fsync,
  current_setting('synchronous_commit') AS synchronous_commit, current_setting('max_connections') AS max,
  (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
  (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls`;

async function readValues(sql: Asking): Promise<Values> {
  const { rows } = await sql.run(sql.dialect === 'mysql' ? mysqlValues : postgresValues);
  const values = Object.fromEntries(
    Object.entries(rows[0]!).map(([name, value]): [string, string] => [
      name,
      value === null ? '' : `${value as string | number}`,
    ]),
  );
  if (sql.dialect === 'postgres') return { ...values, version: `PostgreSQL ${values['version']}` };
  const product = values['version']!.includes('MariaDB') ? 'MariaDB' : 'MySQL';
  return {
    ...values,
    version: `${product} ${values['version']!.replace('-MariaDB', ' ').trim()}`,
    tls: await readStatus(sql, 'Ssl_version'),
    used: await readStatus(sql, 'Threads_connected'),
  };
}

async function readStatus(sql: SqlRunner, name: 'Ssl_version' | 'Threads_connected'): Promise<string> {
  const { rows } = await sql.run(`SHOW STATUS LIKE '${name}'`);
  return (rows[0]?.['Value'] as string | undefined) ?? '';
}

async function measureLatency(sql: SqlRunner): Promise<number> {
  const times: number[] = [];
  for (let asked = 0; asked < askedTimes; asked++) {
    const startedAtMs = performance.now();
    await sql.run('SELECT 1');
    times.push(performance.now() - startedAtMs);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(askedTimes / 2)]!;
}

async function checkClock(sql: Asking): Promise<Finding> {
  const { rows } = await sql.run(`SELECT ${databaseNowMs[sql.dialect]} AS now_ms`);
  const aheadMs = Math.round((rows[0]!['now_ms'] as number) - Date.now());
  const text = `${Math.abs(aheadMs)} ms ${aheadMs < 0 ? 'behind' : 'ahead of'} that of this machine`;
  if (Math.abs(aheadMs) < clockMaxApartMs) return fact('clock', `${text}; nothing depends on the difference`);
  return fault('clock', `${text}: set the one that is wrong, by NTP`);
}

export function fact(name: string, text: string): Finding {
  return { name, text, kind: 'fact' };
}

export function note(name: string, text: string): Finding {
  return { name, text, kind: 'note' };
}

export function fault(name: string, text: string): Finding {
  return { name, text, kind: 'fault' };
}
