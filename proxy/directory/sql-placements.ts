/** Look-ups and first placements on a database server, many keys at a time. */
import { formatOwner } from '#shared/ids.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { SqlRunner } from '#shared/sql/sql-driver.ts';
import type { EdgeRef, Pin } from './directory.ts';
import { drawEpochs } from './sql-epochs.ts';
import { pinOf } from './sql-rows.ts';
import type { EdgeTableRow } from './directory-rows.ts';
import type { PinTableRow } from './sql-rows.ts';
import type { DirectoryStatements, PinTransaction } from './sql-statements.ts';

export interface AskedPlacement {
  readonly key: AffinityKey;
  readonly target: EdgeRef;
}

/** The pin that the key has now, and whether this call stored it; undefined where its target may not take keys. */
export type InsertedPin = { readonly pin: Pin; readonly isOurs: boolean } | undefined;

export async function findPins(
  sql: SqlRunner,
  statements: DirectoryStatements,
  keys: readonly AffinityKey[],
): Promise<(Pin | undefined)[]> {
  const { rows } = await sql.run(statements.findPins(keys.length), keys);
  const pins = new Map((rows as unknown as PinTableRow[]).map((row) => [row.pin_key, pinOf(row)]));
  return keys.map((key) => pins.get(key));
}

/**
 * Stores a pin for each key that has none and whose target is up. An edge that ends in the same moment gets a pin whose
 * owner is over, as it would a moment before.
 */
export async function insertPins(
  { sql, dialect, statements }: PinTransaction,
  asked: readonly AskedPlacement[],
): Promise<InsertedPin[]> {
  const up = (await sql.run(statements.listUp)).rows as unknown as EdgeTableRow[];
  const mayTake = new Set(up.map(({ id, incarnation }) => formatOwner(id, incarnation)));
  // In one order everywhere: front doors that place the same keys wait for each other and do not deadlock.
  const good = asked
    .filter(({ target }) => mayTake.has(formatOwner(target.id, target.incarnation)))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const epochs = await drawEpochs(sql, dialect, good.length);
  const drawn = new Map(good.map((placement, i) => [placement, epochs[i]!]));
  if (good.length > 0) {
    const values = good.flatMap((placement) => {
      const { key, target } = placement;
      return [key, target.id, target.incarnation, drawn.get(placement)!];
    });
    await sql.run(statements.insertClaims(good.length), values);
  }
  const pins = await findPins(
    sql,
    statements,
    asked.map(({ key }) => key),
  );
  return asked.map((placement, i) => {
    const pin = pins[i];
    return pin === undefined ? undefined : { pin, isOurs: pin.epoch === drawn.get(placement) };
  });
}
