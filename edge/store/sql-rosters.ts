/**
 * The rosters on MySQL, MariaDB or PostgreSQL, shared by edges of any number of hosts. A write names its epoch in the
 * statement itself, and one that finds no row is fenced.
 */
import { AppError } from '#shared/errors.ts';
import type { DatabaseSettings } from '#shared/sql/database-settings.ts';
import { openSql } from '#shared/sql/open-sql.ts';
import type { SqlDatabase } from '#shared/sql/sql-database.ts';
import type { Fenced, SessionRef } from './document-store.ts';
import { readPayloadMaxBytes } from './packet-size.ts';
import type { RecalledKey, RosterRule, RosterStore, RosterWritten, StoredRoster } from './roster-store.ts';
import { rostersSchema } from './sql-rosters-schema.ts';
import { rosterStatements } from './sql-rosters-statements.ts';
import type { RosterStatements } from './sql-rosters-statements.ts';

const fenced: Fenced = { kind: 'fenced' };
const written: RosterWritten = { kind: 'written' };
/** As many as come back at once where the edge of thousands has died. */
const callsMax = 10_000;
/** Sessions in one statement. */
const heldAtOnceMax = 200;

/** Opens the database and brings its tables up to date; rejects with the reason. */
export async function openSqlRosters(
  settings: DatabaseSettings,
  connectionsMax: number,
): Promise<RosterStore> {
  const limits = { payloadMaxBytes: 0 };
  const sql = await openSql({
    settings,
    connectionsMax,
    callsMax,
    schema: rostersSchema,
    failureCode: 'roster-unavailable',
    prepare: async (preparing) => {
      limits.payloadMaxBytes = await readPayloadMaxBytes(preparing);
    },
  });
  return new SqlRosters(sql, limits);
}

interface RosterRow {
  readonly epoch: number;
  readonly birth: number | null;
  readonly bytes: Uint8Array | null;
  readonly requests: Uint8Array | null;
}

class SqlRosters implements RosterStore {
  readonly #sql: SqlDatabase;
  readonly #statements: RosterStatements;
  readonly #limits: { readonly payloadMaxBytes: number };

  constructor(sql: SqlDatabase, limits: { readonly payloadMaxBytes: number }) {
    this.#sql = sql;
    this.#statements = rosterStatements(sql.dialect);
    this.#limits = limits;
  }

  async claim({ key, epoch }: SessionRef): Promise<RecalledKey | Fenced> {
    await this.#sql.run(this.#statements.claim, [key, epoch]);
    const { rows } = await this.#sql.run(this.#statements.roster, [key]);
    const row = rows[0] as unknown as RosterRow | undefined;
    if (row?.epoch !== epoch) return fenced;
    const { birth, bytes, requests } = row;
    const ends = await this.#sql.run(this.#statements.ends, [key]);
    return {
      kind: 'recalled',
      roster: birth === null || bytes === null ? undefined : { birth, bytes },
      requests: requests ?? undefined,
      endedBirths: ends.rows.map((end) => end['birth'] as number),
    };
  }

  async save({ key, epoch }: SessionRef, { birth, bytes }: StoredRoster): Promise<RosterWritten | Fenced> {
    this.#checkSize(bytes);
    const { changes } = await this.#sql.run(this.#statements.save, [birth, bytes, key, epoch]);
    return changes === 0 ? fenced : written;
  }

  async saveRequests(
    { key, epoch }: SessionRef,
    bytes: Uint8Array | undefined,
  ): Promise<RosterWritten | Fenced> {
    if (bytes !== undefined) this.#checkSize(bytes);
    const { changes } = await this.#sql.run(this.#statements.saveRequests, [bytes ?? null, key, epoch]);
    return changes === 0 ? fenced : written;
  }

  async end({ key, epoch }: SessionRef, birth: number): Promise<RosterWritten | Fenced> {
    const { lockMine, clear, putEnd } = this.#statements;
    return await this.#sql.transaction(async (sql) => {
      const { rows } = await sql.run(lockMine, [key, epoch]);
      const row = rows[0] as { birth: number | null } | undefined;
      if (row === undefined) return fenced;
      // A late end must not take the next session of the key with it.
      if (row.birth === birth) await sql.run(clear, [key, epoch]);
      await sql.run(putEnd, [key, birth]);
      return written;
    });
  }

  async removeExpired(held: readonly SessionRef[], rule: RosterRule): Promise<number> {
    const { tick, now, use, unused, removeRoster, oldEnds, removeEnd } = this.#statements;
    await this.#sql.run(tick);
    const { rows: clock } = await this.#sql.run(now);
    const nowMs = clock[0]!['now_ms'] as number;
    for (let at = 0; at < held.length; at += heldAtOnceMax) {
      const some = held.slice(at, at + heldAtOnceMax);
      const pairs = some.flatMap(({ key, epoch }) => [key, epoch]);
      await this.#sql.run(use(some.length), [nowMs, ...pairs]);
    }
    const before = nowMs - rule.keptForMs;
    let removed = 0;
    // One row at a time: nobody waits for the others.
    const rosters = await this.#sql.run(unused, [before, rule.limit]);
    for (const { session_key: key } of rosters.rows as { session_key: string }[]) {
      removed += (await this.#sql.run(removeRoster, [key, before])).changes;
    }
    const ends = await this.#sql.run(oldEnds, [before, rule.limit]);
    for (const { session_key: key, birth } of ends.rows as { session_key: string; birth: number }[]) {
      removed += (await this.#sql.run(removeEnd, [key, birth])).changes;
    }
    return removed;
  }

  async close(): Promise<void> {
    await this.#sql.close();
  }

  /** The database would close the connection over it, as if it were down. */
  #checkSize(bytes: Uint8Array): void {
    const { payloadMaxBytes } = this.#limits;
    if (bytes.byteLength <= payloadMaxBytes) return;
    const reason = `${bytes.byteLength} bytes are more than max_allowed_packet lets through`;
    throw new AppError('roster-unavailable', { facts: { reason, payloadMaxBytes } });
  }
}
