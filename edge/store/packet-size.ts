/** MySQL takes statements up to a length that administrators set: one that is too short is found at the start, not at a write. */
import type { PreparingSql } from '#shared/sql/sql-database.ts';

/** The default of the strictest, MySQL 5.7; ours are shorter, see `update-parts.ts`. */
const packetMinBytes = 4_194_304;

/** Rejects with a sentence for administrators. */
export async function checkPacketSize(sql: PreparingSql): Promise<void> {
  if (sql.dialect !== 'mysql') return;
  const { rows } = await sql.run('SELECT @@max_allowed_packet AS bytes');
  const bytes = Number(rows[0]!['bytes']);
  if (bytes >= packetMinBytes) return;
  throw new Error(`max_allowed_packet of the database is ${bytes}: it has to be ${packetMinBytes} or more`);
}
