/** MySQL takes statements up to a length that administrators set: one that is too short is found at the start, not at a write. */
import type { PreparingSql } from '#shared/sql/sql-database.ts';

/** The default of the strictest, MySQL 5.7; documents need no more, see `update-parts.ts`. */
const packetMinBytes = 4_194_304;
/** Of a statement beside what it carries. */
const restMaxBytes = 65_536;
/** Where the database has no such bound. */
const payloadMaxBytes = 67_108_864;

/** Bytes that a statement may carry; rejects with a sentence for administrators where they are too few. */
export async function readPayloadMaxBytes(sql: PreparingSql): Promise<number> {
  if (sql.dialect !== 'mysql') return payloadMaxBytes;
  const { rows } = await sql.run('SELECT @@max_allowed_packet AS bytes');
  const bytes = Number(rows[0]!['bytes']);
  if (bytes >= packetMinBytes) return Math.min(bytes - restMaxBytes, payloadMaxBytes);
  throw new Error(`max_allowed_packet of the database is ${bytes}: it has to be ${packetMinBytes} or more`);
}
