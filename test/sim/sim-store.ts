/**
 * The store of documents in a simulation: the product's own statements on a database in memory, behind calls that take
 * time and fail. Sees every write, and whether its epoch was the newest.
 */
import Database from 'better-sqlite3';
import { AppError } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { DocumentRef, DocumentStore } from '../../edge/store/document-store.ts';
import { createDocumentOperations } from '../../edge/store/sqlite-documents-operations.ts';
import type { DocumentOperations } from '../../edge/store/sqlite-documents-operations.ts';
import { migrateDocuments } from '../../edge/store/sqlite-documents-schema.ts';
import type { Ground } from './network.ts';
import { SimRosters } from './sim-rosters.ts';
import type { Verdict } from './verdict.ts';
import type { SimProcess } from './virtual-time.ts';

let database: Database.Database | undefined;
let operations: DocumentOperations | undefined;

/** One database for all simulations of this thread, emptied for each. */
function emptyStore(): DocumentOperations {
  if (database === undefined || operations === undefined) {
    database = new Database(':memory:');
    migrateDocuments(database);
    operations = createDocumentOperations(database, () => 0);
  }
  database.exec('DELETE FROM document_session; DELETE FROM document_update; DELETE FROM document_snapshot');
  return operations;
}

export class SimStore {
  readonly rosters: SimRosters;
  readonly #ground: Ground;
  readonly #verdict: Verdict;
  readonly #epochs = new Map<string, number>();
  readonly #writers = new Map<number, SimProcess>();
  #operations: DocumentOperations | undefined;
  downUntilMs = 0;
  slowMs = 8;

  constructor(ground: Ground, verdict: Verdict) {
    this.#ground = ground;
    this.#verdict = verdict;
    this.rosters = new SimRosters(this, verdict);
  }

  connect(process: SimProcess): DocumentStore {
    return {
      load: async (ref) => {
        const loaded = await this.#call(process, (store) => this.#note(ref, process, store.load(ref)));
        return loaded;
      },
      append: async (ref, updates) =>
        await this.#call(process, (store) => this.#note(ref, process, store.append({ ref, updates }))),
      compact: async (ref, snapshot) =>
        await this.#call(process, (store) => this.#note(ref, process, store.compact({ ref, snapshot }))),
      removeUnused: () => Promise.resolve(0),
      close: () => Promise.resolve(),
    };
  }

  #note<T extends { readonly kind: string }>({ key, epoch }: DocumentRef, process: SimProcess, result: T): T {
    const newest = this.#epochs.get(key) ?? 0;
    if (result.kind === 'fenced') return result;
    this.#verdict.expect(epoch >= newest, 1, `a write to ${key} with epoch ${epoch} lands after ${newest}`);
    this.#epochs.set(key, Math.max(newest, epoch));
    const writer = this.#writers.get(epoch) ?? process;
    this.#writers.set(epoch, writer);
    this.#verdict.expect(
      writer === process,
      1,
      `${writer.name} and ${process.name} both write in epoch ${epoch}`,
    );
    return result;
  }

  async #call<T>(process: SimProcess, run: (store: DocumentOperations) => T): Promise<T> {
    this.#operations ??= emptyStore();
    const store = this.#operations;
    return await this.call(process, () => run(store), 'store-unavailable');
  }

  /** The way to the disk and back, for whichever store is on it. */
  async call<T>(process: SimProcess, run: () => T, failureCode: ErrorCode): Promise<T> {
    const { time, random } = this.#ground;
    return await new Promise<T>((resolve, reject) => {
      // The thread of the store goes on while its process is killed: what is on its way to the disk may land.
      time.after(random.delay(0.2, this.slowMs), undefined, () => {
        const isDown = time.nowMs < this.downUntilMs;
        const fail = (): void => reject(new AppError(failureCode));
        if (isDown && random.chance(0.5)) return void time.after(random.delay(1, 500), process, fail);
        if (process.isKilled && random.chance(0.5)) return;
        const result = run();
        const done = isDown ? fail : (): void => resolve(result);
        time.after(random.delay(0.2, this.slowMs), process, done);
      });
    });
  }
}
