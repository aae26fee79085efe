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

const selectPin = `
  SELECT p.key, p.edge_id, p.incarnation, p.epoch, p.state, e.address,
         (e.incarnation <> p.incarnation OR e.state = 'gone' OR e.lease_until <= :now) AS over
    FROM pin p JOIN edge e ON e.id = p.edge_id`;
const targetIsUp = `
  EXISTS (SELECT 1 FROM edge t WHERE t.id = :id AND t.incarnation = :incarnation
                                 AND t.state = 'up' AND t.lease_until > :now)`;

const { path } = workerData as { path: string };
const database = openDatabase(path, { durable: false });
migrateDirectory(database);
database
  .prepare("UPDATE counter SET value = max(value + ?, ?) WHERE name = 'epoch'")
  .run(epochsPerSecond, firstEpochAt(Date.now()));

const sql = {
  // One host's clock, kept from running backwards over restarts and clock steps: after a step back it runs on as much
  // ahead of the host's as it was.
  setOffset: prepare("UPDATE counter SET value = ? WHERE name = 'clock-offset'"),
  setClock: prepare("UPDATE counter SET value = ? WHERE name = 'clock'"),
  clock: prepare(
    `SELECT value AS seen, (SELECT value FROM counter WHERE name = 'clock-offset') AS offset
       FROM counter WHERE name = 'clock'`,
  ),
  // Who was over already stays over.
  extendLeases: prepare(
    "UPDATE edge SET lease_until = :until WHERE state <> 'gone' AND lease_until > :asOf AND lease_until < :until",
  ),
  nextEpoch: prepare("UPDATE counter SET value = value + 1 WHERE name = 'epoch' RETURNING value"),
  edge: prepare('SELECT boot_id, incarnation FROM edge WHERE id = ?'),
  putEdge: prepare(
    `INSERT INTO edge (id, kind, boot_id, incarnation, address, weight, state, lease_until)
     VALUES (:id, :kind, :bootId, :incarnation, :address, :weight, 'up', :until)
     ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, boot_id = excluded.boot_id,
       incarnation = excluded.incarnation, address = excluded.address, weight = excluded.weight,
       state = excluded.state, lease_until = excluded.lease_until`,
  ),
  setWeight: prepare('UPDATE edge SET weight = :weight WHERE id = :id'),
  // An edge whose lease has lapsed is over: a front door that did not hear of it may still have pins of this
  // incarnation cached that others have moved. A static backend has no say in this, and its cached pins are
  // not trusted either.
  renew: prepare(
    `UPDATE edge SET lease_until = :until
      WHERE id = :id AND incarnation = :incarnation AND state <> 'gone'
        AND (kind = 'static' OR lease_until > :now)`,
  ),
  // Gone is for good: a late word of an edge that is over must not bring it back.
  setState: prepare(
    `UPDATE edge SET state = :state WHERE id = :id AND incarnation = :incarnation AND state <> 'gone'`,
  ),
  setUp: prepare(
    "UPDATE edge SET state = 'up' WHERE id = :id AND incarnation = :incarnation AND state = 'draining'",
  ),
  isUp: prepare(
    `SELECT 1 FROM edge WHERE id = :id AND incarnation = :incarnation AND state <> 'gone' AND lease_until > :now`,
  ),
  pin: prepare(`${selectPin} WHERE p.key = :key`),
  pins: prepare(`${selectPin} ORDER BY p.epoch DESC LIMIT :limit`),
  insertPin: prepare(
    `INSERT INTO pin (key, edge_id, incarnation, epoch, state)
     SELECT :key, :id, :incarnation, :epoch, 'live' WHERE ${targetIsUp}
     ON CONFLICT (key) DO NOTHING RETURNING (SELECT address FROM edge WHERE id = :id) AS address`,
  ),
  movePin: prepare(
    `UPDATE pin SET edge_id = :id, incarnation = :incarnation, epoch = :epoch, state = 'live', idle_since = NULL
      WHERE key = :key AND epoch = :seen AND ${targetIsUp}
        AND EXISTS (SELECT 1 FROM edge e WHERE e.id = pin.edge_id
              AND (e.incarnation <> pin.incarnation OR e.state = 'gone' OR e.lease_until <= :now))`,
  ),
  // The reserved epoch is above the one that was let go, so whatever happened since, no pin gets an older one.
  handOverPin: prepare(
    `UPDATE pin SET edge_id = :id, incarnation = :incarnation, epoch = :epoch, state = 'live', idle_since = NULL
      WHERE key = :key AND epoch = :seen AND :epoch > :seen
        AND EXISTS (SELECT 1 FROM edge t WHERE t.id = :id AND t.incarnation = :incarnation AND t.lease_until > :now
              AND (t.state = 'up' OR (t.state = 'draining'
                AND t.id = pin.edge_id AND t.incarnation = pin.incarnation)))`,
  ),
  // A lower epoch in the store is one that it has gone back to.
  restorePin: prepare(
    `INSERT INTO pin (key, edge_id, incarnation, epoch, state)
     SELECT :key, e.id, e.incarnation, :epoch, 'live' FROM edge e
      WHERE e.id = :id AND e.incarnation = :incarnation AND e.state <> 'gone' AND e.lease_until > :now
     ON CONFLICT (key) DO UPDATE SET edge_id = excluded.edge_id, incarnation = excluded.incarnation,
       epoch = excluded.epoch, state = 'live', idle_since = NULL WHERE pin.epoch < excluded.epoch`,
  ),
  liftEpoch: prepare("UPDATE counter SET value = max(value, ?) WHERE name = 'epoch'"),
  livePins: prepare(
    `${selectPin} WHERE p.edge_id = :id AND p.incarnation = :incarnation AND p.state = 'live' AND p.key > :after
      ORDER BY p.key LIMIT :limit`,
  ),
  markIdle: prepare("UPDATE pin SET state = 'idle', idle_since = :now WHERE key = :key AND epoch = :epoch"),
  markLive: prepare("UPDATE pin SET state = 'live', idle_since = NULL WHERE key = :key AND epoch = :epoch"),
  // Keys of an owner that is over and that nobody has asked for since: no edge will ever call them idle.
  markOrphans: prepare(
    `UPDATE pin SET state = 'idle', idle_since = :now WHERE key IN
       (SELECT p.key FROM edge e JOIN pin p ON p.edge_id = e.id
         WHERE p.state = 'live'
           AND (e.incarnation <> p.incarnation OR e.state = 'gone' OR e.lease_until <= :now) LIMIT :limit)`,
  ),
  sweep: prepare(
    `DELETE FROM pin WHERE key IN
       (SELECT key FROM pin WHERE state = 'idle' AND idle_since <= :before LIMIT :limit) RETURNING key`,
  ),
  removePin: prepare('DELETE FROM pin WHERE key = :key AND epoch = :seen'),
  edges: prepare('SELECT * FROM edge ORDER BY id'),
  countPins: prepare('SELECT count(*) AS count FROM pin'),
  countPinsByEdge: prepare(
    `SELECT e.id, count(*) AS pins FROM edge e
       JOIN pin p ON p.edge_id = e.id AND p.incarnation = e.incarnation GROUP BY e.id`,
  ),
};

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
  insertPin(input: { key: AffinityKey; target: EdgeRef }): PinResult {
    const { key, target } = input;
    const epoch = nextEpoch() as Epoch;
    const placed = sql.insertPin.get({ ...target, key, now: readClock(), epoch }) as
      { address: string } | undefined;
    if (placed !== undefined) {
      const { address } = placed;
      return { kind: 'won', pin: { key, owner: target, epoch, state: 'live', address, ownerIsOver: false } };
    }
    const pin = operations.findPin(key);
    return pin === undefined ? { kind: 'target-refused' } : { kind: 'found', pin };
  },
  storePins(asked: readonly AskedPlacement[]): (PinResult | undefined)[] {
    return asked.map((placement) => elsewhere(placement.target, operations.insertPin(placement)));
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

function prepare(statement: string): Database.Statement {
  return database.prepare(statement);
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

function nextEpoch(): number {
  return (sql.nextEpoch.get() as { value: number }).value;
}

function wonOr(otherwise: 'target-refused', key: AffinityKey, changes: number): PinResult {
  const pin = changes > 0 ? operations.findPin(key) : undefined;
  return pin === undefined ? { kind: otherwise } : { kind: 'won', pin };
}

serveThread(database, operations);
