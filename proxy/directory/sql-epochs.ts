/**
 * Epochs on a database server: one sequence that only rises. PostgreSQL has sequences; MySQL has AUTO_INCREMENT, whose
 * numbers neither wait for other transactions nor come twice.
 */
import type { Epoch } from '#shared/ids.ts';
import type { PreparingSql } from '#shared/sql/sql-database.ts';
import type { SqlDialect, SqlRunner } from '#shared/sql/sql-driver.ts';
import { epochsPerSecond, firstEpochAt } from './first-epoch.ts';

const raiseLockNumber = 1_836_019_304;
/** In one statement, and in one round: more than are placed between two rounds. */
const removedAtOnce = 10_000;
const removedPartsMax = 50;

/** To be called whenever a front door meets the database. */
export async function raiseEpochs(sql: PreparingSql, wallMs: number): Promise<void> {
  const first = firstEpochAt(wallMs);
  if (sql.dialect === 'mysql') {
    await sql.run(
      'INSERT IGNORE INTO mooring_epoch (id) SELECT greatest(coalesce(max(id), 0) + ?, ?) FROM mooring_epoch',
      [epochsPerSecond, first],
    );
    return;
  }
  await sql.transaction(async (runner) => {
    await runner.run('SELECT pg_advisory_xact_lock(?)', [raiseLockNumber]);
    await runner.run(
      `SELECT setval('mooring_epoch', greatest((SELECT last_value FROM mooring_epoch) + CAST(? AS bigint), ?))`,
      [epochsPerSecond, first],
    );
  });
}

/** No epoch that is given out from now on is `epoch` or below. */
export async function liftEpochs(sql: SqlRunner, dialect: SqlDialect, epoch: Epoch): Promise<void> {
  if (dialect === 'mysql') {
    await sql.run('INSERT IGNORE INTO mooring_epoch (id) VALUES (?)', [epoch]);
    return;
  }
  await sql.run('SELECT pg_advisory_xact_lock(?)', [raiseLockNumber]);
  await sql.run(
    `SELECT setval('mooring_epoch', CAST(? AS bigint)) FROM mooring_epoch WHERE last_value < CAST(? AS bigint)`,
    [epoch, epoch],
  );
}

export async function nextEpoch(sql: SqlRunner, dialect: SqlDialect): Promise<Epoch> {
  return (await drawEpochs(sql, dialect, 1))[0]!;
}

/** As many epochs, rising. */
export async function drawEpochs(
  sql: SqlRunner,
  dialect: SqlDialect,
  count: number,
): Promise<readonly Epoch[]> {
  if (count === 0) return [];
  if (dialect === 'mysql') {
    // The number of rows is known beforehand, so they get neighbours, whatever others insert.
    const rows = Array.from({ length: count }, () => '()').join(', ');
    const { insertId } = await sql.run(`INSERT INTO mooring_epoch () VALUES ${rows}`);
    const step = count === 1 ? 1 : await readStep(sql);
    return Array.from({ length: count }, (_, i) => (insertId + i * step) as Epoch);
  }
  const { rows } = await sql.run("SELECT nextval('mooring_epoch') AS epoch FROM generate_series(1, ?)", [
    count,
  ]);
  return rows.map((row) => row['epoch'] as Epoch);
}

/** More than 1 where several servers write, as in a Galera cluster. */
async function readStep(sql: SqlRunner): Promise<number> {
  const { rows } = await sql.run('SELECT @@auto_increment_increment AS step');
  return rows[0]!['step'] as number;
}

/** Numbers that were given are of no use in MySQL's table but for the last one. */
export async function removeGivenEpochs(sql: SqlRunner, dialect: SqlDialect): Promise<void> {
  if (dialect !== 'mysql') return;
  const { rows } = await sql.run('SELECT max(id) AS last FROM mooring_epoch');
  const last = rows[0]?.['last'] as number | null;
  if (last === null) return;
  for (let part = 0; part < removedPartsMax; part++) {
    const { changes } = await sql.run(`DELETE FROM mooring_epoch WHERE id < ? LIMIT ${removedAtOnce}`, [
      last,
    ]);
    if (changes < removedAtOnce) return;
  }
}
