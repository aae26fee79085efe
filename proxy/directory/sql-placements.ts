/** Look-ups and first placements on a database server, many keys at a time. */
import { formatOwner } from '#shared/ids.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { elsewhere } from './directory.ts';
import type { AskedPlacement, Pin, PinResult } from './directory.ts';
import type { EdgeTableRow } from './directory-rows.ts';
import { insertClaims, pinsAtOnceMax, selectPins } from './sql-bulk-statements.ts';
import { drawEpochs } from './sql-epochs.ts';
import { pinOf } from './sql-rows.ts';
import type { PinTableRow } from './sql-rows.ts';
import type { PinTransaction } from './sql-statements.ts';

export async function findPins(
  reading: PinTransaction,
  keys: readonly AffinityKey[],
): Promise<(Pin | undefined)[]> {
  const { rows } = await selectPins(reading, keys);
  const pins = new Map((rows as unknown as PinTableRow[]).map((row) => [row.pin_key, pinOf(row)]));
  return keys.map((key) => pins.get(key));
}

/**
 * Stores a pin for each key that has none and whose target is up. An edge that ends in the same moment gets a pin whose
 * owner is over, as it would a moment before. Undefined where a pin was in the way and has ended since.
 */
export async function insertPins(
  transaction: PinTransaction,
  asked: readonly AskedPlacement[],
): Promise<(PinResult | undefined)[]> {
  const { drawn, stored } = await insertGood(transaction, asked);
  // As a rule nobody was in the way, and all that there is to read is known.
  if (stored === asked.length) return asked.map((placement) => ({ kind: 'won', pin: drawn.get(placement)! }));
  const pins = await findPins(
    transaction,
    asked.map(({ key }) => key),
  );
  return asked.map((placement, i) => {
    const pin = pins[i];
    if (pin === undefined) return drawn.has(placement) ? undefined : { kind: 'target-refused' };
    return { kind: pin.epoch === drawn.get(placement)?.epoch ? 'won' : 'found', pin };
  });
}

interface Stored {
  /** Of those whose targets are up. */
  readonly drawn: ReadonlyMap<AskedPlacement, Pin>;
  /** How many of them nobody was in the way of. */
  readonly stored: number;
}

/** Stores a pin for each key that has none and whose target is up. */
export async function insertGood(
  transaction: PinTransaction,
  asked: readonly AskedPlacement[],
): Promise<Stored> {
  const { sql, dialect, statements } = transaction;
  const up = (await sql.run(statements.listUp)).rows as unknown as EdgeTableRow[];
  const addresses = new Map(
    up.map(({ id, incarnation, address }) => [formatOwner(id, incarnation), address]),
  );
  const addressOf = ({ target }: AskedPlacement): string | undefined =>
    addresses.get(formatOwner(target.id, target.incarnation));
  const good = asked.filter((placement) => addressOf(placement) !== undefined);
  const epochs = await drawEpochs(sql, dialect, good.length);
  const drawn = new Map(
    good.map((placement, i) => [placement, newPin(placement, epochs[i]!, addressOf(placement)!)]),
  );
  const stored = drawn.size === 0 ? 0 : await insertClaims(transaction, [...drawn.values()]);
  return { drawn, stored };
}

function newPin({ key, target }: AskedPlacement, epoch: Epoch, address: string): Pin {
  return { key, owner: target, epoch, state: 'live', address, ownerIsOver: false };
}

/** What putting many pins into the store is made of. */
interface Putting {
  /** How many keys are on the targets that are asked for. */
  readonly countAsAsked: (asked: readonly AskedPlacement[]) => Promise<number>;
  /** Stores those that can be, and gives how many. */
  readonly insertAsAsked: (asked: readonly AskedPlacement[]) => Promise<number>;
  readonly find: (keys: readonly AffinityKey[]) => Promise<readonly (Pin | undefined)[]>;
  readonly insert: (asked: readonly AskedPlacement[]) => Promise<readonly (PinResult | undefined)[]>;
  readonly insertOne: (placement: AskedPlacement) => Promise<PinResult>;
}

/** Of a part, to tell whether others have stored it. */
const sampleSize = 20;

/**
 * `Directory.storePins`. Where others have stored some of a part, none of it is written before it is known that some is missing: a
 * write would wait for theirs. Pins are read only of a part that is not as asked after that.
 */
export async function putPins(
  putting: Putting,
  asked: readonly AskedPlacement[],
): Promise<(PinResult | undefined)[]> {
  const results: (PinResult | undefined)[] = [];
  for (let from = 0; from < asked.length; from += pinsAtOnceMax) {
    const part = asked.slice(from, from + pinsAtOnceMax);
    if (await isAsAsked(putting, part)) results.push(...part.map(() => undefined));
    else results.push(...(await putEach(putting, part)));
  }
  return results;
}

async function isAsAsked(putting: Putting, part: readonly AskedPlacement[]): Promise<boolean> {
  const ofSample = await putting.countAsAsked(part.slice(0, sampleSize));
  const count = ofSample === 0 ? putting.insertAsAsked : putting.countAsAsked;
  return (await count(part)) === part.length;
}

async function putEach(
  { find, insert, insertOne }: Putting,
  part: readonly AskedPlacement[],
): Promise<(PinResult | undefined)[]> {
  const found = await find(part.map(({ key }) => key));
  const missing = part.filter((_, i) => found[i] === undefined);
  const inserted = missing.length === 0 ? [] : await insert(missing);
  const made = new Map(missing.map((placement, i) => [placement, inserted[i]]));
  const results: (PinResult | undefined)[] = [];
  for (const [i, placement] of part.entries()) {
    const pin = found[i];
    const result: PinResult | undefined = pin === undefined ? made.get(placement) : { kind: 'found', pin };
    results.push(elsewhere(placement.target, result ?? (await insertOne(placement))));
  }
  return results;
}
