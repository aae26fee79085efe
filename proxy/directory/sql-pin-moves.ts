/**
 * How a pin changes its owner on a database server. Each change holds the pin, then the edges that it is about, then reads
 * the clock: no renewal and no other change slips in between what it sees and what it writes.
 */
import { formatOwner } from '#shared/ids.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { Claim, EdgeRef, Handover, Pin, PinResult } from './directory.ts';
import { noteClock, readClock } from './sql-clock.ts';
import { liftEpochs, nextEpoch } from './sql-epochs.ts';
import { insertClaims } from './sql-bulk-statements.ts';
import { findPins } from './sql-placements.ts';
import { runs } from './sql-rows.ts';
import type { EdgeTableRow } from './directory-rows.ts';
import type { PinTableRow } from './sql-rows.ts';
import type { PinTransaction } from './sql-statements.ts';

interface HeldPin {
  readonly pin: PinTableRow;
  readonly owner: EdgeTableRow | undefined;
  readonly next: EdgeTableRow | undefined;
}

/** `Directory.movePin`; undefined where there is no pin. */
export async function movePin(
  transaction: PinTransaction,
  { key, seen, target }: { key: AffinityKey; seen: Epoch; target: EdgeRef },
): Promise<PinResult | undefined> {
  const { sql, dialect } = transaction;
  const held = await holdPin(transaction, key, target);
  if (held === undefined) return undefined;
  const { pin, owner, next } = held;
  if (pin.epoch !== seen) return await found(transaction, key);
  const now = await readClock(sql, dialect);
  const ownerRuns = runs(owner, { id: pin.edge_id, incarnation: pin.incarnation });
  if (ownerRuns && owner.lease_until > now) return await found(transaction, key);
  // Over by the clock: it must never show a time again at which that lease ran.
  if (ownerRuns) await noteClock(sql, now);
  if (!runs(next, target) || next.state !== 'up' || next.lease_until <= now)
    return { kind: 'target-refused' };
  return await putPin(transaction, { key, owner: target, epoch: await nextEpoch(sql, dialect) }, next);
}

/** `Directory.handOverPin`. */
export async function handOverPin(
  transaction: PinTransaction,
  { key, seen, target, epoch }: Handover,
): Promise<PinResult> {
  const held = await holdPin(transaction, key, target);
  if (held === undefined) return { kind: 'target-refused' };
  const { pin, next } = held;
  const isThere = pin.edge_id === target.id && pin.incarnation === target.incarnation;
  // Done already, when the answer to it was lost.
  if (pin.epoch === epoch && isThere && next !== undefined)
    return { kind: 'won', pin: pinAt({ key, owner: target, epoch }, next) };
  if (pin.epoch !== seen) return await found(transaction, key);
  const now = await readClock(transaction.sql, transaction.dialect);
  const mayTake = runs(next, target) && next.lease_until > now && (next.state === 'up' || isThere);
  if (!mayTake || epoch <= seen) return { kind: 'target-refused' };
  return await putPin(transaction, { key, owner: target, epoch }, next);
}

/** `Directory.restorePin`. */
export async function restorePin(transaction: PinTransaction, claim: Claim): Promise<PinResult> {
  const { sql, dialect, statements } = transaction;
  const { key, owner, epoch } = claim;
  const inserted = await sql.run(statements.insertEmptyPin, [key, owner.id, owner.incarnation]);
  const held = await holdPin(transaction, key, owner);
  if (held === undefined) return { kind: 'target-refused' };
  if (held.pin.epoch >= epoch) return await found(transaction, key);
  const { next } = held;
  const now = await readClock(sql, dialect);
  if (!runs(next, owner) || next.lease_until <= now) {
    if (inserted.changes > 0) await sql.run('DELETE FROM mooring_pin WHERE pin_key = ?', [key]);
    return { kind: 'target-refused' };
  }
  await liftEpochs(sql, dialect, epoch);
  return await putPin(transaction, claim, next);
}

/**
 * `Directory.restorePins`, in one transaction for all that the store knows nothing of. Undefined for what `restorePin`
 * has to decide: a pin with a lower epoch is there.
 */
export async function restorePins(
  transaction: PinTransaction,
  claims: readonly Claim[],
): Promise<(PinResult | undefined)[]> {
  const { sql, dialect, statements } = transaction;
  const edges = (await sql.run(statements.holdAllEdges)).rows as unknown as EdgeTableRow[];
  const now = await readClock(sql, dialect);
  const mayServe = new Set(
    edges.filter((row) => row.state !== 'gone' && row.lease_until > now).map(edgeNameOf),
  );
  const good = claims.filter(({ owner }) => mayServe.has(formatOwner(owner.id, owner.incarnation)));
  if (good.length > 0) {
    await liftEpochs(sql, dialect, Math.max(...good.map(({ epoch }) => epoch)) as Epoch);
    await insertClaims(transaction, good);
  }
  const keys = claims.map(({ key }) => key);
  const pins = await findPins(transaction, keys);
  return claims.map(({ owner, epoch }, i) => {
    const pin = pins[i];
    if (pin === undefined || pin.epoch < epoch) {
      return mayServe.has(formatOwner(owner.id, owner.incarnation)) ? undefined : { kind: 'target-refused' };
    }
    const isOurs = pin.epoch === epoch && pin.owner.id === owner.id;
    return { kind: isOurs ? 'won' : 'found', pin };
  });
}

function edgeNameOf({ id, incarnation }: EdgeTableRow): string {
  return formatOwner(id, incarnation);
}

/** The pin, which nobody else changes until the end, and the edges that it is about, which nobody renews. */
async function holdPin(
  { sql, statements }: PinTransaction,
  key: AffinityKey,
  target: EdgeRef,
): Promise<HeldPin | undefined> {
  const pin = (await sql.run(statements.lockPin, [key])).rows[0] as unknown as PinTableRow | undefined;
  if (pin === undefined) return undefined;
  const { rows } = await sql.run(statements.holdEdges, [pin.edge_id, target.id]);
  const edges = rows as unknown as EdgeTableRow[];
  const edgeOf = (id: string): EdgeTableRow | undefined => edges.find((edge) => edge.id === id);
  return { pin, owner: edgeOf(pin.edge_id), next: edgeOf(target.id) };
}

async function putPin(
  { sql, statements }: PinTransaction,
  claim: Claim,
  target: EdgeTableRow,
): Promise<PinResult> {
  const { key, owner, epoch } = claim;
  await sql.run(statements.putPin, [owner.id, owner.incarnation, epoch, key]);
  return { kind: 'won', pin: pinAt(claim, target) };
}

async function found(transaction: PinTransaction, key: AffinityKey): Promise<PinResult> {
  const [pin] = await findPins(transaction, [key]);
  return pin === undefined ? { kind: 'target-refused' } : { kind: 'found', pin };
}

function pinAt({ key, owner, epoch }: Claim, { address }: EdgeTableRow): Pin {
  return { key, owner, epoch, state: 'live', address, ownerIsOver: false };
}
