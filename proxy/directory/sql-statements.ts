/** The directory's statements in both dialects: what differs between MySQL and PostgreSQL stands here and nowhere else. */
import { isOneOf } from '#shared/sql/row-list.ts';
import type { SqlDialect, SqlRunner } from '#shared/sql/sql-driver.ts';
import { directoryNow } from './sql-clock.ts';

/** What the statements of one transaction need. */
export interface PinTransaction {
  readonly sql: SqlRunner;
  readonly dialect: SqlDialect;
  readonly statements: DirectoryStatements;
}

export interface DirectoryStatements {
  /** Pins with what their owners say, of so many keys; by `sql-bulk-statements.ts`. */
  readonly selectPins: (keys: number) => string;
  /** Of so many; by `sql-bulk-statements.ts`. */
  readonly insertClaims: (claims: number) => string;
  /** How many keys are on the edges that are asked for: rows whose sum it is. MySQL: of each edge so many; by `sql-bulk-statements.ts`. */
  readonly countAsAsked: (keysByEdge: readonly number[]) => string;
  readonly holdAllEdges: string;
  readonly listPins: string;
  /** Edges that take keys. */
  readonly listUp: string;
  readonly insertEdge: string;
  /** A row to hold where there is no pin: its epoch is below all. */
  readonly insertEmptyPin: string;
  readonly listLivePins: string;
  readonly isUp: string;
  readonly setState: string;
  readonly setUp: string;
  readonly lockEdge: string;
  /** Of two ids, the same one twice for one edge. */
  readonly holdEdges: string;
  readonly lockPin: string;
  readonly putEdge: string;
  readonly setWeight: string;
  readonly setLease: string;
  readonly putPin: string;
  readonly listEdges: string;
  /** Of so many; by `sql-bulk-statements.ts`. */
  readonly markIdle: (marks: number) => string;
  readonly markLive: (marks: number) => string;
  readonly findOrphans: string;
  readonly findIdle: string;
}

export function directoryStatements(dialect: SqlDialect): DirectoryStatements {
  const now = directoryNow(dialect);
  const isOver = `(e.incarnation <> p.incarnation OR e.state = 'gone' OR e.lease_until <= ${now})`;
  // The pins first: MariaDB would begin with the few edges, and look at each key once for each of them.
  const thenEdge = dialect === 'mysql' ? 'STRAIGHT_JOIN' : 'JOIN';
  const selectFrom = (pins: string): string =>
    `SELECT p.pin_key, p.edge_id, p.incarnation, p.epoch, p.state, e.address,
      CASE WHEN ${isOver} THEN 1 ELSE 0 END AS is_over
    FROM ${pins} ${thenEdge} mooring_edge e ON e.id = p.edge_id`;
  const selectPin = selectFrom('mooring_pin p');
  const share = dialect === 'mysql' ? 'LOCK IN SHARE MODE' : 'FOR SHARE';
  return {
    selectPins: (keys) =>
      dialect === 'mysql' ? `${selectPin} WHERE p.${inKeys(keys)}` : selectFrom(pinOfEachKey),
    insertClaims: (claims) =>
      orIgnore(
        dialect,
        `INTO mooring_pin (pin_key, edge_id, incarnation, epoch, state)
         ${dialect === 'mysql' ? claimRows(claims) : claimArrays}`,
      ),
    countAsAsked: (keysByEdge) =>
      dialect === 'mysql' ? keysByEdge.map(countOfEdge).join(' UNION ALL ') : countArrays,
    holdAllEdges: `SELECT * FROM mooring_edge ORDER BY id ${share}`,
    listPins: `${selectPin} ORDER BY p.epoch DESC LIMIT ?`,
    listUp: `SELECT id, incarnation, address FROM mooring_edge WHERE state = 'up' AND lease_until > ${now}`,
    insertEdge: orIgnore(
      dialect,
      `INTO mooring_edge (id, kind, boot_id, incarnation, address, weight, state, lease_until)
       VALUES (?, 'edge', '', 0, '', 0, 'gone', 0)`,
    ),
    insertEmptyPin: orIgnore(
      dialect,
      `INTO mooring_pin (pin_key, edge_id, incarnation, epoch, state) VALUES (?, ?, ?, 0, 'live')`,
    ),
    listLivePins: `${selectFrom(pinsByOwner[dialect])} WHERE p.edge_id = ? AND p.incarnation = ? AND p.state = 'live' AND p.pin_key > ?
      ORDER BY p.pin_key LIMIT ?`,
    isUp: `SELECT 1 AS found FROM mooring_edge e
      WHERE e.id = ? AND e.incarnation = ? AND e.state <> 'gone' AND e.lease_until > ${now}`,
    // Gone is for good: a late word of an edge that is over must not bring it back.
    setState: `UPDATE mooring_edge SET state = ? WHERE id = ? AND incarnation = ? AND state <> 'gone'`,
    setUp: `UPDATE mooring_edge SET state = 'up' WHERE id = ? AND incarnation = ? AND state = 'draining'`,
    lockEdge: 'SELECT * FROM mooring_edge WHERE id = ? FOR UPDATE',
    holdEdges: `SELECT * FROM mooring_edge WHERE id IN (?, ?) ORDER BY id ${share}`,
    lockPin: 'SELECT * FROM mooring_pin WHERE pin_key = ? FOR UPDATE',
    putEdge: `UPDATE mooring_edge SET kind = ?, boot_id = ?, incarnation = ?, address = ?, weight = ?,
        state = 'up', lease_until = ? WHERE id = ?`,
    setWeight: 'UPDATE mooring_edge SET weight = ? WHERE id = ?',
    setLease: 'UPDATE mooring_edge SET lease_until = ? WHERE id = ?',
    putPin: `UPDATE mooring_pin SET edge_id = ?, incarnation = ?, epoch = ?, state = 'live', idle_since = NULL
      WHERE pin_key = ?`,
    listEdges: `SELECT e.*, ${now} AS now_ms FROM mooring_edge e ORDER BY e.id`,
    markIdle: (marks) =>
      `UPDATE mooring_pin SET state = 'idle', idle_since = ${now} ${marked(dialect, marks)}`,
    markLive: (marks) => `UPDATE mooring_pin SET state = 'live', idle_since = NULL ${marked(dialect, marks)}`,
    // Keys of an owner that is over and that nobody has asked for since: no edge will ever call them idle.
    findOrphans: `SELECT p.pin_key, p.epoch FROM mooring_edge e JOIN mooring_pin p ON p.edge_id = e.id
      WHERE p.state = 'live' AND ${isOver} LIMIT ?`,
    findIdle: `SELECT pin_key FROM mooring_pin
      WHERE state = 'idle' AND idle_since <= ${now} - ? ORDER BY pin_key LIMIT ? FOR UPDATE`,
  };
}

const askedArrays = `unnest(CAST(? AS text[]), CAST(? AS text[]), CAST(? AS bigint[]))
  AS asked (pin_key, edge_id, incarnation)`;

const ofEachKey = 'CROSS JOIN LATERAL (SELECT * FROM mooring_pin WHERE pin_key = asked.pin_key LIMIT 1) p';

/**
 * Key by key, which the limit makes sure of. Given a list of 900, PostgreSQL rather reads the whole table, until that has some
 * hundred thousand pins: 6.4 s of its processor to put 100,000 into a table of 200,000, in place of 1.6.
 */
const pinOfEachKey = `unnest(CAST(? AS text[])) AS asked (pin_key) ${ofEachKey}`;

const countArrays = `SELECT count(*) AS stored FROM ${askedArrays} ${ofEachKey}
  WHERE p.edge_id = asked.edge_id AND p.incarnation = asked.incarnation`;

/**
 * PostgreSQL alone: pins with epochs of their own for those keys that have none and whose edges are up, in one statement. In the
 * order of the keys, so that front doors that store the same ones do not deadlock.
 */
export const insertAsked = `INSERT INTO mooring_pin (pin_key, edge_id, incarnation, epoch, state)
  SELECT asked.pin_key, asked.edge_id, asked.incarnation, nextval('mooring_epoch'), 'live' FROM ${askedArrays}
    JOIN mooring_edge e ON e.id = asked.edge_id AND e.incarnation = asked.incarnation
  WHERE e.state = 'up' AND e.lease_until > ${directoryNow('postgres')}
  ORDER BY asked.pin_key COLLATE "C" ON CONFLICT DO NOTHING`;

/**
 * Each part begins where the one before ended. MariaDB would look for that place from the owner's first pin on, and a
 * PostgreSQL without the key in its index reads and sorts all of them for each part: 11 s of its processor for 100,000 pins.
 */
const pinsByOwner: Readonly<Record<SqlDialect, string>> = {
  mysql: 'mooring_pin p FORCE INDEX (mooring_pin_owner)',
  postgres: 'mooring_pin p',
};

/** Keys, edges, incarnations and epochs. */
const claimArrays = `SELECT pin_key, edge_id, incarnation, epoch, 'live'
  FROM unnest(CAST(? AS text[]), CAST(? AS text[]), CAST(? AS bigint[]), CAST(? AS bigint[]))
    AS claim (pin_key, edge_id, incarnation, epoch)`;

/** MariaDB takes 24 ms for 900 keys with an edge each, and 3.4 so. */
function countOfEdge(keys: number): string {
  return `SELECT count(*) AS stored FROM mooring_pin FORCE INDEX (PRIMARY)
    WHERE edge_id = ? AND incarnation = ? AND ${inKeys(keys)}`;
}

function claimRows(claims: number): string {
  return `VALUES ${Array.from({ length: claims }, () => "(?, ?, ?, ?, 'live')").join(', ')}`;
}

function orIgnore(dialect: SqlDialect, rest: string): string {
  return dialect === 'mysql' ? `INSERT IGNORE ${rest}` : `INSERT ${rest} ON CONFLICT DO NOTHING`;
}

/** `pin_key IN (?, ?, ...)` for so many keys. */
export function inKeys(keys: number): string {
  return `pin_key IN (${Array.from({ length: keys }, () => '?').join(', ')})`;
}

/** The pins of keys and epochs. PostgreSQL plans for as long as it works where they are a list of 500 pairs. */
function marked(dialect: SqlDialect, marks: number): string {
  if (dialect === 'mysql') return `WHERE ${isOneOf(['pin_key', 'epoch'], marks)}`;
  return `FROM unnest(CAST(? AS text[]), CAST(? AS bigint[])) AS mark (key, number)
    WHERE pin_key = mark.key AND epoch = mark.number`;
}
