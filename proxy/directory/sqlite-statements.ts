/** The directory's statements on SQLite. Times are on its clock (`sqlite-worker.ts`). */
const selectPin = `
  SELECT p.key, p.edge_id, p.incarnation, p.epoch, p.state, e.address,
         (e.incarnation <> p.incarnation OR e.state = 'gone' OR e.lease_until <= :now) AS over
    FROM pin p JOIN edge e ON e.id = p.edge_id`;
const targetIsUp = `
  EXISTS (SELECT 1 FROM edge t WHERE t.id = :id AND t.incarnation = :incarnation
                                 AND t.state = 'up' AND t.lease_until > :now)`;

export const sqliteStatements = {
  // One host's clock, kept from running backwards over restarts and clock steps: after a step back it runs on as much
  // ahead of the host's as it was.
  setOffset: "UPDATE counter SET value = ? WHERE name = 'clock-offset'",
  setClock: "UPDATE counter SET value = ? WHERE name = 'clock'",
  clock: `SELECT value AS seen, (SELECT value FROM counter WHERE name = 'clock-offset') AS offset
         FROM counter WHERE name = 'clock'`,
  // Who was over already stays over.
  extendLeases:
    "UPDATE edge SET lease_until = :until WHERE state <> 'gone' AND lease_until > :asOf AND lease_until < :until",
  nextEpoch: "UPDATE counter SET value = value + 1 WHERE name = 'epoch' RETURNING value",
  edge: 'SELECT boot_id, incarnation FROM edge WHERE id = ?',
  putEdge: `INSERT INTO edge (id, kind, boot_id, incarnation, address, weight, state, lease_until)
       VALUES (:id, :kind, :bootId, :incarnation, :address, :weight, 'up', :until)
       ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, boot_id = excluded.boot_id,
         incarnation = excluded.incarnation, address = excluded.address, weight = excluded.weight,
         state = excluded.state, lease_until = excluded.lease_until`,
  setWeight: 'UPDATE edge SET weight = :weight WHERE id = :id',
  // An edge whose lease has lapsed is over: a front door that did not hear of it may still have pins of this
  // incarnation cached that others have moved. A static backend has no say in this, and its cached pins are
  // not trusted either.
  renew: `UPDATE edge SET lease_until = :until
        WHERE id = :id AND incarnation = :incarnation AND state <> 'gone'
          AND (kind = 'static' OR lease_until > :now)`,
  // Gone is for good: a late word of an edge that is over must not bring it back.
  setState: `UPDATE edge SET state = :state WHERE id = :id AND incarnation = :incarnation AND state <> 'gone'`,
  setUp: "UPDATE edge SET state = 'up' WHERE id = :id AND incarnation = :incarnation AND state = 'draining'",
  isUp: `SELECT 1 FROM edge WHERE id = :id AND incarnation = :incarnation AND state <> 'gone' AND lease_until > :now`,
  // With a plus, so that SQLite plans it once: it plans anew for each value that it might have statistics of, which took
  // seven eighths of this one.
  pin: `${selectPin} WHERE p.key = +:key`,
  pins: `${selectPin} ORDER BY p.epoch DESC LIMIT :limit`,
  owner: 'SELECT edge_id AS id, incarnation FROM pin WHERE key = ?',
  insertPin: `INSERT INTO pin (key, edge_id, incarnation, epoch, state)
       SELECT :key, :id, :incarnation, :epoch, 'live' WHERE ${targetIsUp}
       ON CONFLICT (key) DO NOTHING RETURNING (SELECT address FROM edge WHERE id = :id) AS address`,
  movePin: `UPDATE pin SET edge_id = :id, incarnation = :incarnation, epoch = :epoch, state = 'live', idle_since = NULL
        WHERE key = :key AND epoch = :seen AND ${targetIsUp}
          AND EXISTS (SELECT 1 FROM edge e WHERE e.id = pin.edge_id
                AND (e.incarnation <> pin.incarnation OR e.state = 'gone' OR e.lease_until <= :now))`,
  // The reserved epoch is above the one that was let go, so whatever happened since, no pin gets an older one.
  handOverPin: `UPDATE pin SET edge_id = :id, incarnation = :incarnation, epoch = :epoch, state = 'live', idle_since = NULL
        WHERE key = :key AND epoch = :seen AND :epoch > :seen
          AND EXISTS (SELECT 1 FROM edge t WHERE t.id = :id AND t.incarnation = :incarnation AND t.lease_until > :now
                AND (t.state = 'up' OR (t.state = 'draining'
                  AND t.id = pin.edge_id AND t.incarnation = pin.incarnation)))`,
  // A lower epoch in the store is one that it has gone back to.
  restorePin: `INSERT INTO pin (key, edge_id, incarnation, epoch, state)
       SELECT :key, e.id, e.incarnation, :epoch, 'live' FROM edge e
        WHERE e.id = :id AND e.incarnation = :incarnation AND e.state <> 'gone' AND e.lease_until > :now
       ON CONFLICT (key) DO UPDATE SET edge_id = excluded.edge_id, incarnation = excluded.incarnation,
         epoch = excluded.epoch, state = 'live', idle_since = NULL WHERE pin.epoch < excluded.epoch`,
  liftEpoch: "UPDATE counter SET value = max(value, ?) WHERE name = 'epoch'",
  livePins: `${selectPin} WHERE p.edge_id = :id AND p.incarnation = :incarnation AND p.state = 'live' AND p.key > :after
        ORDER BY p.key LIMIT :limit`,
  markIdle: "UPDATE pin SET state = 'idle', idle_since = :now WHERE key = :key AND epoch = :epoch",
  markLive: "UPDATE pin SET state = 'live', idle_since = NULL WHERE key = :key AND epoch = :epoch",
  // Keys of an owner that is over and that nobody has asked for since: no edge will ever call them idle.
  markOrphans: `UPDATE pin SET state = 'idle', idle_since = :now WHERE key IN
         (SELECT p.key FROM edge e JOIN pin p ON p.edge_id = e.id
           WHERE p.state = 'live'
             AND (e.incarnation <> p.incarnation OR e.state = 'gone' OR e.lease_until <= :now) LIMIT :limit)`,
  sweep: `DELETE FROM pin WHERE key IN
         (SELECT key FROM pin WHERE state = 'idle' AND idle_since <= :before LIMIT :limit) RETURNING key`,
  removePin: 'DELETE FROM pin WHERE key = :key AND epoch = :seen',
  edges: 'SELECT * FROM edge ORDER BY id',
  countPins: 'SELECT count(*) AS count FROM pin',
  countPinsByEdge: `SELECT e.id, count(*) AS pins FROM edge e
         JOIN pin p ON p.edge_id = e.id AND p.incarnation = e.incarnation GROUP BY e.id`,
} as const;
