/** The running clock of a store in a dump: times of use in the rows are moments of it, so it goes on from where it was. */
import { databaseNowMs } from '#shared/sql/sql-driver.ts';
import type { StoreConnection } from '#shared/dump/portable-store.ts';

type ClockTable = 'document_clock' | 'roster_clock';

export async function readRunning(connection: StoreConnection, table: ClockTable): Promise<number> {
  const { rows } = await connection.run(`SELECT running_ms FROM ${tableIn(connection, table)}`);
  return rows[0]!['running_ms'] as number;
}

/** What passed between dump and import was no running time. */
export async function raiseRunning(
  connection: StoreConnection,
  table: ClockTable,
  running: number,
): Promise<void> {
  const { kind } = connection;
  const greater = kind === 'sqlite' ? 'max' : 'greatest';
  const wall = kind === 'sqlite' ? String(Date.now()) : databaseNowMs[kind];
  await connection.run(
    `UPDATE ${tableIn(connection, table)} SET running_ms = ${greater}(running_ms, CAST(? AS ${kind === 'mysql' ? 'SIGNED' : 'BIGINT'})), wall_ms = ${wall} WHERE id = 1`,
    [running],
  );
}

function tableIn({ kind }: StoreConnection, table: ClockTable): string {
  return kind === 'sqlite' ? table : `mooring_${table}`;
}
