/**
 * The directory's thread: every operation of `Directory` as statements on one SQLite file. Each call runs
 * inside the transaction of its batch, so that check and write are one step even beside other processes.
 */
import type Database from 'better-sqlite3';
import { workerData } from 'node:worker_threads';
import { openDatabase, serveThread } from '#shared/sqlite/serve.ts';
import { timing } from '#shared/timing.ts';
import type { AffinityKey, EdgeId, Epoch, Incarnation } from '#shared/ids.ts';
import { elsewhere } from './directory.ts';
import type {
  AskedPlacement,
  Claim,
  EdgeRef,
  EdgeRegistration,
  EdgeRow,
  Handover,
  IdleMark,
  Pin,
  PinResult,
} from './directory.ts';
import { epochsPerSecond, firstEpochAt } from './first-epoch.ts';
import { fleetSettingOperations } from './sqlite-fleet-settings.ts';
import { toEdge, toPin } from './directory-rows.ts';
import type { EdgeTableRow, PinRow } from './directory-rows.ts';
import { migrateDirectory } from './sqlite-schema.ts';
import { sqliteStatements } from './sqlite-statements.ts';

const { path } = workerData as { path: string };
const database = openDatabase(path, { durable: false });
migrateDirectory(database);
database
  .prepare("UPDATE counter SET value = max(value + ?, ?) WHERE name = 'epoch'")
  .run(epochsPerSecond, firstEpochAt(Date.now()));

const sql = prepareAll(sqliteStatements);

// While no front door was open no edge could renew.
extendLeases();

const operations = {
  attend(): void {
    readClock();
  },
  extendLeases,
  registerEdge(registration: EdgeRegistration): Incarnation {
    const known = sql.edge.get(registration.id) as { boot_id: string; incarnation: number } | undefined;
    const sameBoot = known?.boot_id === registration.bootId;
    const incarnation = sameBoot ? known.incarnation : (known?.incarnation ?? 0) + 1;
    if (sameBoot) sql.setWeight.run({ id: registration.id, weight: registration.weight });
    else sql.putEdge.run({ ...registration, incarnation, until: readClock() + timing.leaseMs });
    return incarnation as Incarnation;
  },
  restoreEdge(input: { registration: EdgeRegistration; incarnation: Incarnation }): boolean {
    const { registration, incarnation } = input;
    const known = sql.edge.get(registration.id) as { incarnation: number } | undefined;
    if ((known?.incarnation ?? 0) >= incarnation) return false;
    sql.putEdge.run({ ...registration, incarnation, until: readClock() + timing.leaseMs });
    return true;
  },
  renewLease(edge: EdgeRef): boolean {
    const now = readClock();
    return sql.renew.run({ ...edge, now, until: now + timing.leaseMs }).changes > 0;
  },
  markDraining(edge: EdgeRef): void {
    sql.setState.run({ ...edge, state: 'draining' });
  },
  markUp(edge: EdgeRef): void {
    sql.setUp.run({ ...edge });
  },
  markGone(edge: EdgeRef): void {
    sql.setState.run({ ...edge, state: 'gone' });
  },
  isOver(edge: EdgeRef): boolean {
    return sql.isUp.get({ ...edge, now: readClock() }) === undefined;
  },
  findPin(key: AffinityKey): Pin | undefined {
    const row = sql.pin.get({ key, now: readClock() }) as PinRow | undefined;
    return row === undefined ? undefined : toPin(row);
  },
  insertPin(input: AskedPlacement): PinResult {
    return placeAt(readClock(), input);
  },
  storePins(asked: readonly AskedPlacement[]): (PinResult | undefined)[] {
    const now = readClock();
    return asked.map((placement) => {
      const { key, target } = placement;
      const owner = sql.owner.get(key) as EdgeRef | undefined;
      const isAsAsked = owner?.id === target.id && owner.incarnation === target.incarnation;
      return isAsAsked ? undefined : elsewhere(target, placeAt(now, placement));
    });
  },
  movePin(input: { key: AffinityKey; seen: Epoch; target: EdgeRef }): PinResult {
    const { key, seen, target } = input;
    const moved = sql.movePin.run({ ...target, key, seen, now: readClock(), epoch: nextEpoch() });
    if (moved.changes > 0) return wonOr('target-refused', key, moved.changes);
    const pin = operations.findPin(key);
    // The pin may have ended in between: then it is a new key.
    if (pin === undefined) return operations.insertPin({ key, target });
    return pin.epoch !== seen || !pin.ownerIsOver ? { kind: 'found', pin } : { kind: 'target-refused' };
  },
  reserveEpochs(): [Epoch, Epoch] {
    return [nextEpoch() as Epoch, nextEpoch() as Epoch];
  },
  handOverPin({ key, seen, target, epoch }: Handover): PinResult {
    const moved = sql.handOverPin.run({ ...target, key, seen, epoch, now: readClock() });
    if (moved.changes > 0) return wonOr('target-refused', key, moved.changes);
    const pin = operations.findPin(key);
    return pin === undefined || pin.epoch === seen ? { kind: 'target-refused' } : { kind: 'found', pin };
  },
  restorePin({ key, owner, epoch }: Claim): PinResult {
    const restored = sql.restorePin.run({ ...owner, key, epoch, now: readClock() });
    if (restored.changes > 0) sql.liftEpoch.run(epoch);
    if (restored.changes > 0) return wonOr('target-refused', key, restored.changes);
    const pin = operations.findPin(key);
    return pin === undefined || pin.epoch < epoch ? { kind: 'target-refused' } : { kind: 'found', pin };
  },
  restorePins(claims: readonly Claim[]): PinResult[] {
    return claims.map((claim) => operations.restorePin(claim));
  },
  listLivePins(input: { owner: EdgeRef; after: string; limit: number }): Pin[] {
    const { owner, after, limit } = input;
    return (sql.livePins.all({ ...owner, after, limit, now: readClock() }) as PinRow[]).map(toPin);
  },
  markPins(input: { marks: readonly IdleMark[]; state: 'idle' | 'live' }): void {
    const now = readClock();
    for (const { key, epoch } of input.marks) {
      if (input.state === 'idle') sql.markIdle.run({ key, epoch, now });
      else sql.markLive.run({ key, epoch });
    }
  },
  removeIdlePins(input: { idleForMs: number; limit: number }): AffinityKey[] {
    const now = readClock();
    sql.markOrphans.run({ now, limit: input.limit });
    const rows = sql.sweep.all({ before: now - input.idleForMs, limit: input.limit });
    return (rows as { key: AffinityKey }[]).map((row) => row.key);
  },
  removePin(input: { key: AffinityKey; seen: Epoch }): boolean {
    return sql.removePin.run(input).changes > 0;
  },
  listEdges(): EdgeRow[] {
    const now = readClock();
    return (sql.edges.all() as EdgeTableRow[]).map((row) => toEdge(row, now));
  },
  listPins(limit: number): Pin[] {
    return (sql.pins.all({ limit, now: readClock() }) as PinRow[]).map(toPin);
  },
  countPins(): number {
    return (sql.countPins.get() as { count: number }).count;
  },
  countPinsByEdge(): Map<EdgeId, number> {
    const rows = sql.countPinsByEdge.all() as { id: EdgeId; pins: number }[];
    return new Map(rows.map(({ id, pins }) => [id, pins]));
  },
  ...fleetSettingOperations(database),
};

export type DirectoryOperations = typeof operations;

function prepareAll<T extends Readonly<Record<string, string>>>(
  texts: T,
): Record<keyof T, Database.Statement> {
  const prepared = Object.entries(texts).map(([name, text]) => [name, database.prepare(text)] as const);
  return Object.fromEntries(prepared) as Record<keyof T, Database.Statement>;
}

/**
 * Milliseconds of the directory's clock. Time in which nobody read it counts against no lease: every front door
 * was down or frozen then, or the host's clock has jumped.
 */
function readClock(): number {
  const { seen, offset } = sql.clock.get() as { seen: number; offset: number };
  const hostMs = Date.now();
  const offsetNow = Math.max(offset, seen - hostMs);
  if (offsetNow !== offset) sql.setOffset.run(offsetNow);
  const now = hostMs + offsetNow;
  sql.setClock.run(now);
  if (now - seen > timing.unattendedAfterMs)
    sql.extendLeases.run({ asOf: seen, until: now + timing.leaseMs });
  return now;
}

/** Every lease that ran when the clock was last read counts from now. */
function extendLeases(): void {
  const { seen } = sql.clock.get() as { seen: number };
  sql.extendLeases.run({ asOf: seen, until: readClock() + timing.leaseMs });
}

function placeAt(now: number, { key, target }: AskedPlacement): PinResult {
  const epoch = nextEpoch() as Epoch;
  const placed = sql.insertPin.get({ ...target, key, now, epoch }) as { address: string } | undefined;
  if (placed !== undefined) {
    const { address } = placed;
    return { kind: 'won', pin: { key, owner: target, epoch, state: 'live', address, ownerIsOver: false } };
  }
  const pin = operations.findPin(key);
  return pin === undefined ? { kind: 'target-refused' } : { kind: 'found', pin };
}

function nextEpoch(): number {
  return (sql.nextEpoch.get() as { value: number }).value;
}

function wonOr(otherwise: 'target-refused', key: AffinityKey, changes: number): PinResult {
  const pin = changes > 0 ? operations.findPin(key) : undefined;
  return pin === undefined ? { kind: otherwise } : { kind: 'won', pin };
}

serveThread(database, operations);
