/**
 * The documents on MySQL, MariaDB or PostgreSQL, shared by edges of any number of hosts. A write holds the row of its
 * session, and is one with the check of its epoch: whoever claims the key waits for it, and finds it.
 */
import { AppError } from '#shared/errors.ts';
import type { DatabaseSettings } from '#shared/sql/database-settings.ts';
import { openSql } from '#shared/sql/open-sql.ts';
import type { SqlDatabase } from '#shared/sql/sql-database.ts';
import type { SqlRunner, SqlValue } from '#shared/sql/sql-driver.ts';
import type {
  DocumentRef,
  DocumentStore,
  DocumentWritten,
  Fenced,
  SessionRef,
  Snapshot,
  StoredDocument,
} from './document-store.ts';
import { LastNumbers } from './last-numbers.ts';
import { readPayloadMaxBytes } from './packet-size.ts';
import { documentsSchema } from './sql-documents-schema.ts';
import { documentStatements } from './sql-documents-statements.ts';
import type { DocumentStatements } from './sql-documents-statements.ts';
import { cutIntoParts, packUpdates, unpackUpdates } from './update-parts.ts';

const fenced: Fenced = { kind: 'fenced' };
/** The number that we know is taken where a write was lost that happened; another edge takes none without the key. */
const appendTriesMax = 3;
/** As many as open a document at once where the edge of thousands has died. */
const callsMax = 10_000;
/** As large as they get; whether the database is there at all, the claim before it has shown. */
const documentMaxBytes = 67_108_864;
/** Sessions in one statement. */
const heldAtOnceMax = 200;

/** Opens the database and brings its tables up to date; rejects with the reason. */
export async function openSqlDocuments(
  settings: DatabaseSettings,
  connectionsMax: number,
): Promise<DocumentStore> {
  const sql = await openSql({
    settings,
    connectionsMax,
    callsMax,
    schema: documentsSchema,
    failureCode: 'store-unavailable',
    prepare: async (preparing) => void (await readPayloadMaxBytes(preparing)),
  });
  return new SqlDocuments(sql);
}

interface PartRow {
  readonly first_seq: number;
  readonly last_seq: number;
  readonly bytes: Uint8Array;
}

interface SnapshotRow {
  readonly part: number;
  readonly seq: number;
  readonly bytes: Uint8Array;
}

class SqlDocuments implements DocumentStore {
  readonly #sql: SqlDatabase;
  readonly #statements: DocumentStatements;
  readonly #lastSeqs = new LastNumbers();

  constructor(sql: SqlDatabase) {
    this.#sql = sql;
    this.#statements = documentStatements(sql.dialect);
  }

  async load(ref: DocumentRef): Promise<StoredDocument | Fenced> {
    const { open, updates: readUpdates, snapshot: readSnapshot } = this.#statements;
    const [key, document] = place(ref);
    await this.#sql.run(open, [key!, ref.epoch]);
    // The updates first: a snapshot that comes meanwhile holds what it has taken away of them.
    const updates = await this.#sql.run(readUpdates, [key!, document!], documentMaxBytes);
    const snapshot = await this.#sql.run(readSnapshot, [document!, key!], documentMaxBytes);
    if (!isClaimedFor(snapshot.rows[0], ref)) return fenced;
    const found = snapshot.rows.filter((row) => row['seq'] !== null) as unknown as SnapshotRow[];
    const rows = found.toSorted((one, other) => one.part - other.part);
    const after = rows[0]?.seq ?? 0;
    const { lastSeq, history } = readHistory(updates.rows as unknown as PartRow[], after);
    this.#lastSeqs.note(ref, lastSeq);
    return {
      kind: 'loaded',
      snapshot: rows.length === 0 ? undefined : join(rows),
      updates: history,
      lastSeq,
    };
  }

  async append(ref: DocumentRef, updates: readonly Uint8Array[]): Promise<DocumentWritten | Fenced> {
    const known = this.#lastSeqs.of(ref);
    let lastSeq = known ?? (await this.#readLastSeq(this.#sql, ref));
    const isClaimed = known !== undefined && updates.length > 0;
    for (let tries = isClaimed ? 0 : 1; tries <= appendTriesMax; tries++) {
      if (tries > 0) {
        if ((await this.#claim(ref, this.#statements.raise)) !== 'claimed') return fenced;
        lastSeq = await this.#readLastSeq(this.#sql, ref);
      }
      const through = lastSeq + updates.length;
      if (updates.length === 0 || (await this.#insert(ref, { updates, lastSeq }))) {
        this.#lastSeqs.note(ref, through);
        return { kind: 'written', lastSeq: through };
      }
    }
    throw new AppError('store-unavailable', { cause: new Error('the document has another writer') });
  }

  async compact(ref: DocumentRef, snapshot: Snapshot): Promise<DocumentWritten | Fenced> {
    const { raise, lockSession, snapshotSeq, dropSnapshot, addSnapshotPart, dropUpdates } = this.#statements;
    if ((await this.#claim(ref, raise)) !== 'claimed') return fenced;
    return await this.#sql.transaction(async (sql) => {
      const held = await sql.run(lockSession, [ref.key]);
      if (!isClaimedFor(held.rows[0], ref)) return fenced;
      const lastSeq = await this.#readLastSeq(sql, ref);
      const { throughSeq, bytes } = snapshot;
      // A snapshot from the future would hide the updates that get these numbers later.
      if (throughSeq > lastSeq) {
        throw new AppError('store-unavailable', {
          cause: new Error('the snapshot is ahead of the document'),
        });
      }
      const written = { kind: 'written', lastSeq } as const;
      const stored = await sql.run(snapshotSeq, place(ref));
      if (((stored.rows[0]?.['seq'] as number | null | undefined) ?? -1) >= throughSeq) return written;
      await sql.run(dropSnapshot, place(ref));
      for (const [part, cut] of cutIntoParts(bytes).entries()) {
        await sql.run(addSnapshotPart, [...place(ref), part, throughSeq, cut]);
      }
      await sql.run(dropUpdates, [...place(ref), throughSeq, throughSeq]);
      return written;
    }, snapshot.bytes.byteLength);
  }

  async removeUnused(
    held: readonly SessionRef[],
    rule: { readonly unusedForMs: number; readonly limit: number },
  ): Promise<number> {
    const { tick, now, use, unused, remove, dropAllUpdates, dropAllSnapshots } = this.#statements;
    await this.#sql.run(tick);
    const { rows: clock } = await this.#sql.run(now);
    const nowMs = clock[0]!['now_ms'] as number;
    for (let at = 0; at < held.length; at += heldAtOnceMax) {
      const some = held.slice(at, at + heldAtOnceMax);
      const pairs = some.flatMap(({ key, epoch }) => [key, epoch]);
      await this.#sql.run(use(some.length), [nowMs, ...pairs]);
    }
    if (rule.unusedForMs === Infinity) return 0;
    const before = nowMs - rule.unusedForMs;
    const { rows } = await this.#sql.run(unused, [before, rule.limit]);
    let removed = 0;
    for (const { session_key: key } of rows as { session_key: string }[]) {
      // One session at a time: nobody waits for the others.
      const { changes } = await this.#sql.transaction(async (sql) => {
        const result = await sql.run(remove, [key, before]);
        if (result.changes === 0) return result;
        await sql.run(dropAllUpdates, [key]);
        await sql.run(dropAllSnapshots, [key]);
        return result;
      });
      removed += changes;
    }
    return removed;
  }

  async close(): Promise<void> {
    await this.#sql.close();
  }

  /** `removed` where the documents are gone since the last load, unless this is one. */
  async #claim(ref: DocumentRef, statement: string): Promise<'claimed' | 'fenced'> {
    await this.#sql.run(statement, [ref.key, ref.epoch]);
    const { rows } = await this.#sql.run(this.#statements.session, [ref.key]);
    return isClaimedFor(rows[0], ref) ? 'claimed' : 'fenced';
  }

  async #insert(
    ref: DocumentRef,
    { updates, lastSeq }: { updates: readonly Uint8Array[]; lastSeq: number },
  ): Promise<boolean> {
    const { addFirstPart, addPart } = this.#statements;
    const packed = packUpdates(updates);
    const [first, ...others] = cutIntoParts(packed);
    const [from, through] = [lastSeq + 1, lastSeq + updates.length];
    const [key, document] = place(ref);
    const firstValues = [document!, from, through, first!, key!, ref.epoch];
    if (others.length === 0) return (await this.#sql.run(addFirstPart, firstValues)).changes === 1;
    return await this.#sql.transaction(async (sql) => {
      if ((await sql.run(addFirstPart, firstValues)).changes === 0) return false;
      for (const [index, part] of others.entries()) {
        await sql.run(addPart, [...place(ref), from, index + 1, through, part]);
      }
      return true;
    }, packed.byteLength);
  }

  async #readLastSeq(sql: SqlRunner, ref: DocumentRef): Promise<number> {
    const { rows } = await sql.run(this.#statements.lastSeq, [...place(ref), ...place(ref)]);
    return rows[0]!['last_seq'] as number;
  }
}

/** As `edge/y/target.ts` lets them through; MySQL would shorten longer names, and compare them without spaces at their end. */
const namePattern = /^[!-~]{1,128}$/;

function place({ key, document }: DocumentRef): SqlValue[] {
  if (!namePattern.test(document)) throw new RangeError('the name of the document is not one');
  return [key, document];
}

function isClaimedFor(row: Readonly<Record<string, unknown>> | undefined, { epoch }: DocumentRef): boolean {
  return row !== undefined && row['epoch'] === epoch && row['removed'] === 0;
}

/** What came after this number, out of the parts of whole commits. */
function readHistory(
  rows: readonly PartRow[],
  after: number,
): { readonly lastSeq: number; readonly history: Uint8Array[] } {
  const commits = Map.groupBy(rows, (row) => row.first_seq);
  let lastSeq = after;
  const history: Uint8Array[] = [];
  for (const [firstSeq, parts] of commits) {
    const covered = Math.max(0, after - firstSeq + 1);
    if (covered < parts[0]!.last_seq - firstSeq + 1)
      history.push(...unpackUpdates(join(parts)).slice(covered));
    lastSeq = Math.max(lastSeq, parts[0]!.last_seq);
  }
  return { lastSeq, history };
}

function join(rows: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
  return rows.length === 1 ? rows[0]!.bytes : Buffer.concat(rows.map(({ bytes }) => bytes));
}
