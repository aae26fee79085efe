/** Settings of the whole fleet on a database server. */
import type { SqlDatabase } from '#shared/sql/sql-database.ts';
import type { FleetSetting } from './directory.ts';

export async function readFleetSetting(sql: SqlDatabase, name: string): Promise<FleetSetting | undefined> {
  const { rows } = await sql.run('SELECT version, setting FROM mooring_fleet_setting WHERE name = ?', [name]);
  const row = rows[0] as { version: number; setting: string } | undefined;
  return row === undefined ? undefined : { version: row.version, value: row.setting };
}

/** `Directory.writeFleetSetting`. */
export async function writeFleetSetting(
  sql: SqlDatabase,
  { name, value, seen }: { name: string; value: string; seen: number },
): Promise<boolean> {
  const first = 'mooring_fleet_setting (name, version, setting) VALUES (?, 1, ?)';
  const insert =
    sql.dialect === 'mysql' ? `INSERT IGNORE INTO ${first}` : `INSERT INTO ${first} ON CONFLICT DO NOTHING`;
  const update =
    'UPDATE mooring_fleet_setting SET version = version + 1, setting = ? WHERE name = ? AND version = ?';
  const { changes } =
    seen === 0 ? await sql.run(insert, [name, value]) : await sql.run(update, [value, name, seen]);
  return changes > 0;
}
