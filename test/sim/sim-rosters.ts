/**
 * The store of rosters in a simulation: the product's own statements on a database in memory, behind the same slow and
 * failing way as that of documents. Sees every write, and whether its epoch was the newest.
 */
import Database from 'better-sqlite3';
import type { ErrorCode } from '#shared/errors.ts';
import type { SessionRef } from '../../edge/store/document-store.ts';
import type { RosterStore } from '../../edge/store/roster-store.ts';
import { createRosterOperations } from '../../edge/store/sqlite-rosters-operations.ts';
import type { RosterOperations } from '../../edge/store/sqlite-rosters-operations.ts';
import { migrateRosters } from '../../edge/store/sqlite-rosters-schema.ts';
import type { Verdict } from './verdict.ts';
import type { SimProcess } from './virtual-time.ts';

let database: Database.Database | undefined;
let operations: RosterOperations | undefined;

/** One database for all simulations of this thread, emptied for each. */
function emptyStore(): RosterOperations {
  if (database === undefined || operations === undefined) {
    database = new Database(':memory:');
    migrateRosters(database);
    operations = createRosterOperations(database, () => 0);
  }
  database.exec('DELETE FROM roster; DELETE FROM roster_requests; DELETE FROM roster_end');
  return operations;
}

/** Calls that take time, and fail. */
interface StoreWay {
  call<T>(process: SimProcess, run: () => T, failureCode: ErrorCode): Promise<T>;
}

export class SimRosters {
  readonly #way: StoreWay;
  readonly #verdict: Verdict;
  readonly #epochs = new Map<string, number>();
  readonly #writers = new Map<number, SimProcess>();
  #operations: RosterOperations | undefined;

  constructor(way: StoreWay, verdict: Verdict) {
    this.#way = way;
    this.#verdict = verdict;
  }

  connect(process: SimProcess): RosterStore {
    const call = async <T extends { readonly kind: string }>(
      ref: SessionRef,
      run: (store: RosterOperations) => T,
    ): Promise<T> => {
      this.#operations ??= emptyStore();
      const store = this.#operations;
      const landed = (): T => this.#note(ref, process, run(store));
      return await this.#way.call(process, landed, 'roster-unavailable');
    };
    return {
      claim: async (ref) => await call(ref, (store) => store.claim(ref)),
      save: async (ref, roster) => await call(ref, (store) => store.save({ ref, roster })),
      saveRequests: async (ref, bytes) => await call(ref, (store) => store.saveRequests({ ref, bytes })),
      end: async (ref, birth) => await call(ref, (store) => store.end({ ref, birth })),
      removeExpired: () => Promise.resolve(0),
      close: () => Promise.resolve(),
    };
  }

  #note<T extends { readonly kind: string }>({ key, epoch }: SessionRef, process: SimProcess, result: T): T {
    if (result.kind === 'fenced') return result;
    const newest = this.#epochs.get(key) ?? 0;
    this.#verdict.expect(epoch >= newest, 1, `the roster of ${key} is written with ${epoch} after ${newest}`);
    this.#epochs.set(key, epoch);
    const writer = this.#writers.get(epoch) ?? process;
    this.#writers.set(epoch, writer);
    const both = `${writer.name} and ${process.name} both write rosters in epoch ${epoch}`;
    this.#verdict.expect(writer === process, 1, both);
    return result;
  }
}
