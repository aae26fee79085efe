/**
 * The directory on MySQL, MariaDB or PostgreSQL, for any number of front doors. A decision that depends on whether an edge
 * is over holds that edge's row, so that no renewal slips in beside it; the clock is read after the rows are held.
 */
import type { AffinityKey, EdgeId, Epoch, Incarnation } from '#shared/ids.ts';
import type { DatabaseSettings } from '#shared/sql/database-settings.ts';
import { CallBatch } from '#shared/sql/call-batch.ts';
import { openSql } from '#shared/sql/open-sql.ts';
import { isSameRun, readServerStart } from '#shared/sql/server-start.ts';
import type { SqlDatabase } from '#shared/sql/sql-database.ts';
import type { SqlRunner } from '#shared/sql/sql-driver.ts';
import { timing } from '#shared/timing.ts';
import type {
  AskedPlacement,
  Claim,
  Directory,
  EdgeRef,
  EdgeRegistration,
  EdgeRow,
  FleetSetting,
  Handover,
  IdleMark,
  Pin,
  PinResult,
} from './directory.ts';
import { attend, readClock } from './sql-clock.ts';
import { nextEpoch, raiseEpochs, removeGivenEpochs } from './sql-epochs.ts';
import { readFleetSetting, writeFleetSetting } from './sql-fleet-settings.ts';
import { handOverPin, movePin, restorePin, restorePins } from './sql-pin-moves.ts';
import { findPins, insertGood, insertPins, putPins } from './sql-placements.ts';
import { toEdge } from './directory-rows.ts';
import { pinOf, runs } from './sql-rows.ts';
import type { EdgeTableRow } from './directory-rows.ts';
import type { PinTableRow } from './sql-rows.ts';
import { directorySchema } from './sql-schema.ts';
import { countAsAsked, insertAtOnce, markPins, pinsAtOnceMax } from './sql-bulk-statements.ts';
import { directoryStatements, inKeys } from './sql-statements.ts';
import type { DirectoryStatements, PinTransaction } from './sql-statements.ts';

/** Two under way: one at the disk, and one on its way. */
const batching = { atOnceMax: pinsAtOnceMax, runningMax: 2 };
/** A pin that ends between a lost insert and the look at its winner is a new key again. */
const insertTriesMax = 3;

/** Opens the database and brings its tables up to date; rejects with the reason. */
export async function openSqlDirectory(
  settings: DatabaseSettings,
  options: { readonly connectionsMax?: number; readonly onMet?: () => void } = {},
): Promise<Directory> {
  let startedAtMs: number | undefined;
  const sql = await openSql({
    settings,
    connectionsMax: options.connectionsMax,
    schema: directorySchema,
    failureCode: 'directory-unavailable',
    prepare: async (preparing) => {
      await raiseEpochs(preparing, Date.now());
      await preparing.transaction(async (runner) => await attend(runner, preparing.dialect, false));
      const before = startedAtMs;
      startedAtMs = await readServerStart(preparing, preparing.dialect);
      if (!isSameRun(startedAtMs, before)) options.onMet?.();
    },
  });
  return new SqlDirectory(sql);
}

class SqlDirectory implements Directory {
  readonly #sql: SqlDatabase;
  readonly #statements: DirectoryStatements;
  readonly #lookUps: CallBatch<AffinityKey, Pin | undefined>;
  readonly #inserts: CallBatch<AskedPlacement, PinResult | undefined>;

  constructor(sql: SqlDatabase) {
    this.#sql = sql;
    this.#statements = directoryStatements(sql.dialect);
    this.#lookUps = new CallBatch(async (keys) => await this.#find(keys), batching);
    this.#inserts = new CallBatch(async (asked) => await this.#insert(asked), batching);
  }

  async registerEdge(registration: EdgeRegistration): Promise<Incarnation> {
    return await this.#sql.transaction(async (sql) => {
      const known = await this.#lockEdge(sql, registration.id);
      if (known.boot_id === registration.bootId) {
        await sql.run(this.#statements.setWeight, [registration.weight, registration.id]);
        return known.incarnation;
      }
      const incarnation = (known.incarnation + 1) as Incarnation;
      await this.#putEdge(sql, registration, incarnation);
      return incarnation;
    });
  }

  async restoreEdge(registration: EdgeRegistration, incarnation: Incarnation): Promise<boolean> {
    return await this.#sql.transaction(async (sql) => {
      const known = await this.#lockEdge(sql, registration.id);
      if (known.incarnation >= incarnation) return false;
      await this.#putEdge(sql, registration, incarnation);
      return true;
    });
  }

  async renewLease(edge: EdgeRef): Promise<boolean> {
    return await this.#sql.transaction(async (sql) => {
      const { rows } = await sql.run(this.#statements.lockEdge, [edge.id]);
      const row = rows[0] as unknown as EdgeTableRow | undefined;
      const now = await readClock(sql, this.#sql.dialect);
      // An edge whose lease has lapsed is over: a front door that did not hear of it may still have pins of this
      // incarnation cached that others have moved. A static backend has no say in this, and its cached pins are
      // not trusted either.
      const mayRenew = runs(row, edge) && (row.kind === 'static' || row.lease_until > now);
      if (mayRenew) await sql.run(this.#statements.setLease, [now + timing.leaseMs, edge.id]);
      return mayRenew;
    });
  }

  async attend(): Promise<void> {
    await this.#sql.transaction(async (sql) => await attend(sql, this.#sql.dialect, false));
  }

  async extendLeases(): Promise<void> {
    await this.#sql.transaction(async (sql) => await attend(sql, this.#sql.dialect, true));
  }

  async markDraining(edge: EdgeRef): Promise<void> {
    await this.#sql.run(this.#statements.setState, ['draining', edge.id, edge.incarnation]);
  }

  async markUp(edge: EdgeRef): Promise<void> {
    await this.#sql.run(this.#statements.setUp, [edge.id, edge.incarnation]);
  }

  async markGone(edge: EdgeRef): Promise<void> {
    await this.#sql.run(this.#statements.setState, ['gone', edge.id, edge.incarnation]);
  }

  async isOver(edge: EdgeRef): Promise<boolean> {
    const { rows } = await this.#sql.run(this.#statements.isUp, [edge.id, edge.incarnation]);
    return rows.length === 0;
  }

  async findPin(key: AffinityKey): Promise<Pin | undefined> {
    return await this.#lookUps.call(key);
  }

  async insertPin(key: AffinityKey, target: EdgeRef): Promise<PinResult> {
    for (let tries = 0; tries < insertTriesMax; tries++) {
      const result = await this.#inserts.call({ key, target });
      if (result !== undefined) return result;
    }
    return { kind: 'target-refused' };
  }

  async storePins(asked: readonly AskedPlacement[]): Promise<readonly (PinResult | undefined)[]> {
    const putting = {
      countAsAsked: async (some: readonly AskedPlacement[]) =>
        await countAsAsked(this.#with(this.#sql), some),
      insertAsAsked: async (some: readonly AskedPlacement[]) => await this.#insertAsAsked(some),
      find: async (keys: readonly AffinityKey[]) => await this.#find(keys),
      insert: async (some: readonly AskedPlacement[]) => await this.#insert(some),
      insertOne: async ({ key, target }: AskedPlacement) => await this.insertPin(key, target),
    };
    return await putPins(putting, asked);
  }

  async movePin(key: AffinityKey, seen: Epoch, target: EdgeRef): Promise<PinResult> {
    const result = await this.#inTransaction(async (sql) => await movePin(sql, { key, seen, target }));
    // The pin may have ended in between: then it is a new key.
    return result ?? (await this.insertPin(key, target));
  }

  async reserveEpochs(): Promise<readonly [Epoch, Epoch]> {
    return await this.#sql.transaction(async (sql) => {
      const first = await nextEpoch(sql, this.#sql.dialect);
      const second = await nextEpoch(sql, this.#sql.dialect);
      return [first, second];
    });
  }

  async handOverPin(handover: Handover): Promise<PinResult> {
    return await this.#inTransaction(async (sql) => await handOverPin(sql, handover));
  }

  async restorePin(claim: Claim): Promise<PinResult> {
    return await this.#inTransaction(async (sql) => await restorePin(sql, claim));
  }

  async restorePins(claims: readonly Claim[]): Promise<readonly PinResult[]> {
    const results: PinResult[] = [];
    for (let from = 0; from < claims.length; from += pinsAtOnceMax) {
      const chunk = claims.slice(from, from + pinsAtOnceMax);
      const decided = await this.#inTransaction(async (sql) => await restorePins(sql, chunk));
      for (const [i, result] of decided.entries()) results.push(result ?? (await this.restorePin(chunk[i]!)));
    }
    return results;
  }

  async listLivePins(owner: EdgeRef, after: string, limit: number): Promise<readonly Pin[]> {
    const values = [owner.id, owner.incarnation, after, limit];
    const { rows } = await this.#sql.run(this.#statements.listLivePins, values);
    return (rows as unknown as PinTableRow[]).map(pinOf);
  }

  async markPins(marks: readonly IdleMark[], state: 'idle' | 'live'): Promise<void> {
    await markPins(this.#with(this.#sql), marks, state);
  }

  async removeIdlePins(idleForMs: number, limit: number): Promise<readonly AffinityKey[]> {
    const { findOrphans, findIdle } = this.#statements;
    const orphans = (await this.#sql.run(findOrphans, [limit])).rows as unknown as PinTableRow[];
    const marks = orphans.map(({ pin_key: key, epoch }) => ({ key, epoch }));
    await this.markPins(marks, 'idle');
    await removeGivenEpochs(this.#sql, this.#sql.dialect);
    return await this.#sql.transaction(async (sql) => {
      const found = (await sql.run(findIdle, [idleForMs, limit])).rows as unknown as PinTableRow[];
      const keys = found.map((row) => row.pin_key);
      if (keys.length > 0) await sql.run(`DELETE FROM mooring_pin WHERE ${inKeys(keys.length)}`, keys);
      return keys;
    });
  }

  async removePin(key: AffinityKey, seen: Epoch): Promise<boolean> {
    const statement = 'DELETE FROM mooring_pin WHERE pin_key = ? AND epoch = ?';
    return (await this.#sql.run(statement, [key, seen])).changes > 0;
  }

  async listEdges(): Promise<readonly EdgeRow[]> {
    const { rows } = await this.#sql.run(this.#statements.listEdges);
    return (rows as unknown as (EdgeTableRow & { now_ms: number })[]).map((row) => toEdge(row, row.now_ms));
  }

  async listPins(limit: number): Promise<readonly Pin[]> {
    const { rows } = await this.#sql.run(this.#statements.listPins, [limit]);
    return (rows as unknown as PinTableRow[]).map(pinOf);
  }

  async countPins(): Promise<number> {
    const { rows } = await this.#sql.run('SELECT count(*) AS pins FROM mooring_pin');
    return rows[0]!['pins'] as number;
  }

  async countPinsByEdge(): Promise<ReadonlyMap<EdgeId, number>> {
    const { rows } = await this.#sql.run(
      `SELECT e.id, count(*) AS pins FROM mooring_edge e
         JOIN mooring_pin p ON p.edge_id = e.id AND p.incarnation = e.incarnation GROUP BY e.id`,
    );
    return new Map(rows.map((row) => [row['id'] as EdgeId, row['pins'] as number]));
  }

  async readFleetSetting(name: string): Promise<FleetSetting | undefined> {
    return await readFleetSetting(this.#sql, name);
  }

  async writeFleetSetting(name: string, value: string, seen: number): Promise<boolean> {
    return await writeFleetSetting(this.#sql, { name, value, seen });
  }

  async close(): Promise<void> {
    await this.#sql.close();
  }

  /** The edge's row, which nobody else changes until the end; an edge that was never here has the incarnation 0. */
  async #lockEdge(sql: SqlRunner, id: EdgeId): Promise<EdgeTableRow> {
    const { lockEdge, insertEdge } = this.#statements;
    let { rows } = await sql.run(lockEdge, [id]);
    if (rows.length === 0) {
      await sql.run(insertEdge, [id]);
      ({ rows } = await sql.run(lockEdge, [id]));
    }
    return rows[0] as unknown as EdgeTableRow;
  }

  async #putEdge(sql: SqlRunner, registration: EdgeRegistration, incarnation: Incarnation): Promise<void> {
    const { id, kind, bootId, address, weight } = registration;
    const until = (await readClock(sql, this.#sql.dialect)) + timing.leaseMs;
    await sql.run(this.#statements.putEdge, [kind, bootId, incarnation, address, weight, until, id]);
  }

  async #find(keys: readonly AffinityKey[]): Promise<(Pin | undefined)[]> {
    return await findPins(this.#with(this.#sql), keys);
  }

  async #insert(asked: readonly AskedPlacement[]): Promise<(PinResult | undefined)[]> {
    return await this.#inTransaction(async (transaction) => await insertPins(transaction, asked));
  }

  async #insertAsAsked(asked: readonly AskedPlacement[]): Promise<number> {
    if (this.#sql.dialect === 'postgres') return await insertAtOnce(this.#sql, asked);
    return await this.#inTransaction(async (transaction) => (await insertGood(transaction, asked)).stored);
  }

  async #inTransaction<T>(work: (transaction: PinTransaction) => Promise<T>): Promise<T> {
    return await this.#sql.transaction(async (sql) => await work(this.#with(sql)));
  }

  #with(sql: SqlRunner): PinTransaction {
    return { sql, dialect: this.#sql.dialect, statements: this.#statements };
  }
}
