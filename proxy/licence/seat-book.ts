/**
 * The ledger of seats as it stands in the directory, which all front doors change by compare-and-set: that is why no two of
 * them give the last seat away. Claims that come together are written together.
 */
import type { Log } from '#shared/log.ts';
import type { EdgeId, Incarnation } from '#shared/ids.ts';
import type { Directory } from '../directory/directory.ts';
import { parseStored } from '../directory/stored-json.ts';
import { isStoreFailure } from '../directory/store-failure.ts';
import { applyClaim, dropEdges, emptyLedger, ledgerSchema, seatsTaken } from './seat-ledger.ts';
import type { SeatClaim, SeatLedger } from './seat-ledger.ts';

const settingName = 'licence-seats';
/** Each lost race means that another front door has written. */
const triesMax = 50;

export interface SeatAnswer {
  readonly granted: number;
  /** Not in the store: to be claimed again. */
  readonly isProvisional: boolean;
}

interface Waiting {
  readonly claim: SeatClaim;
  readonly answer: (answer: SeatAnswer) => void;
}

export class SeatBook {
  readonly #directory: Directory;
  readonly #max: () => number;
  readonly #log: Log;
  readonly #onLost: () => void;
  #ledger: SeatLedger = emptyLedger;
  #waiting: Waiting[] = [];
  #isWriting = false;
  #lostVersion = 0;

  /** `max` is asked at each claim, for a licence may be renewed. `onLost`: what edges hold is to be claimed anew. */
  constructor(options: { directory: Directory; max: () => number; onLost: () => void; log: Log }) {
    this.#directory = options.directory;
    this.#max = options.max;
    this.#log = options.log;
    this.#onLost = options.onLost;
  }

  /** As this front door last saw it. */
  get taken(): number {
    return seatsTaken(this.#ledger);
  }

  /** Never rejects. */
  async claim(claim: SeatClaim): Promise<SeatAnswer> {
    const { promise, resolve } = Promise.withResolvers<SeatAnswer>();
    this.#waiting.push({ claim, answer: resolve });
    void this.#writeAll();
    return await promise;
  }

  /** Takes over what the directory has, and strikes the edges that are over, as it says. */
  async refresh(isHere: (id: string, incarnation: number) => boolean): Promise<void> {
    await this.#read();
    const doubtful = Object.entries(this.#ledger.edges)
      .map(([id, { incarnation }]) => ({ id: id as EdgeId, incarnation: incarnation as Incarnation }))
      .filter(({ id, incarnation }) => !isHere(id, incarnation));
    const over: typeof doubtful = [];
    for (const edge of doubtful) if (await this.#directory.isOver(edge)) over.push(edge);
    if (over.length === 0) return;
    await this.#change((ledger) => dropEdges(ledger, over));
  }

  async #writeAll(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      let granted: number[] = [];
      const apply = (ledger: SeatLedger): SeatLedger => {
        granted = [];
        return batch.reduce((before, { claim }) => {
          const after = applyClaim(before, claim, this.#max());
          granted.push(after.granted);
          return after.ledger;
        }, ledger);
      };
      let isProvisional = false;
      try {
        await this.#change(apply);
      } catch (error) {
        // Nobody is kept out for the store: what was last seen of it counts, and is claimed again when it is back.
        isProvisional = true;
        this.#ledger = apply(this.#ledger);
        if (!isStoreFailure(error)) this.#log.error('directory.failed', { error });
      }
      for (const [at, { answer }] of batch.entries()) answer({ granted: granted[at]!, isProvisional });
    }
    this.#isWriting = false;
  }

  async #change(next: (ledger: SeatLedger) => SeatLedger): Promise<void> {
    for (let tries = 0; tries < triesMax; tries++) {
      const version = await this.#read();
      const ledger = next(this.#ledger);
      if (ledger === this.#ledger) return;
      const text = JSON.stringify(ledger);
      if (!(await this.#directory.writeFleetSetting(settingName, text, version))) continue;
      this.#ledger = ledger;
      return;
    }
    throw new Error('the ledger of seats is written by others without end');
  }

  /** Returns its version, which a write needs. */
  async #read(): Promise<number> {
    const stored = await this.#directory.readFleetSetting(settingName);
    if (stored === undefined) {
      this.#ledger = emptyLedger;
      return 0;
    }
    const ledger = ledgerSchema.safeParse(parseStored(stored.value)).data;
    this.#ledger = ledger ?? emptyLedger;
    if (ledger === undefined) this.#lose(stored.version);
    return stored.version;
  }

  /** What another program wrote is claimed anew: edges know what they hold. */
  #lose(version: number): void {
    if (version === this.#lostVersion) return;
    this.#lostVersion = version;
    this.#log.error('licence.ledger-refused', { version });
    this.#onLost();
  }
}
