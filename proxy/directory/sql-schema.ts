/**
 * Tables of the directory on a database server. All times are on the directory's clock (`sql-clock.ts`). Keys and ids are
 * compared byte by byte.
 */
import type { SqlStoreSchema } from '#shared/sql/migrate-sql.ts';

const mysqlText = 'CHARACTER SET ascii COLLATE ascii_bin';

export const directorySchema: SqlStoreSchema = {
  store: 'directory',
  migrations: {
    mysql: [
      [
        `CREATE TABLE IF NOT EXISTS mooring_edge (
           id VARCHAR(128) ${mysqlText} NOT NULL PRIMARY KEY,
           kind VARCHAR(8) ${mysqlText} NOT NULL,
           boot_id VARCHAR(512) NOT NULL,
           incarnation BIGINT NOT NULL,
           address VARCHAR(512) NOT NULL,
           weight INT NOT NULL,
           state VARCHAR(8) ${mysqlText} NOT NULL,
           lease_until BIGINT NOT NULL
         ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
        `CREATE TABLE IF NOT EXISTS mooring_pin (
           pin_key VARCHAR(128) ${mysqlText} NOT NULL PRIMARY KEY,
           edge_id VARCHAR(128) ${mysqlText} NOT NULL,
           incarnation BIGINT NOT NULL,
           epoch BIGINT NOT NULL,
           state VARCHAR(4) ${mysqlText} NOT NULL,
           idle_since BIGINT NULL,
           KEY mooring_pin_owner (edge_id, incarnation, state),
           KEY mooring_pin_idle (state, idle_since)
         ) ENGINE=InnoDB`,
        `CREATE TABLE IF NOT EXISTS mooring_epoch (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB`,
        `CREATE TABLE IF NOT EXISTS mooring_clock (
           id INT NOT NULL PRIMARY KEY, seen_ms BIGINT NOT NULL, offset_ms BIGINT NOT NULL
         ) ENGINE=InnoDB`,
        'INSERT IGNORE INTO mooring_clock (id, seen_ms, offset_ms) VALUES (1, 0, 0)',
        `CREATE TABLE IF NOT EXISTS mooring_fleet_setting (
           name VARCHAR(64) ${mysqlText} NOT NULL PRIMARY KEY, version BIGINT NOT NULL, setting MEDIUMTEXT NOT NULL
         ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
      ],
    ],
    postgres: [
      [
        `CREATE TABLE mooring_edge (
           id TEXT COLLATE "C" PRIMARY KEY,
           kind TEXT NOT NULL,
           boot_id TEXT NOT NULL,
           incarnation BIGINT NOT NULL,
           address TEXT NOT NULL,
           weight INT NOT NULL,
           state TEXT NOT NULL CHECK (state IN ('up', 'draining', 'gone')),
           lease_until BIGINT NOT NULL
         )`,
        `CREATE TABLE mooring_pin (
           pin_key TEXT COLLATE "C" PRIMARY KEY,
           edge_id TEXT COLLATE "C" NOT NULL,
           incarnation BIGINT NOT NULL,
           epoch BIGINT NOT NULL,
           state TEXT NOT NULL CHECK (state IN ('live', 'idle')),
           idle_since BIGINT
         )`,
        'CREATE INDEX mooring_pin_owner ON mooring_pin (edge_id, incarnation, state)',
        "CREATE INDEX mooring_pin_idle ON mooring_pin (idle_since) WHERE state = 'idle'",
        'CREATE SEQUENCE mooring_epoch',
        'CREATE TABLE mooring_clock (id INT PRIMARY KEY, seen_ms BIGINT NOT NULL, offset_ms BIGINT NOT NULL)',
        'INSERT INTO mooring_clock (id, seen_ms, offset_ms) VALUES (1, 0, 0)',
        'CREATE TABLE mooring_fleet_setting (name TEXT PRIMARY KEY, version BIGINT NOT NULL, setting TEXT NOT NULL)',
      ],
      // With the key, as MySQL's has it by itself: an owner's pins are read in parts, in the order of their keys.
      [
        'CREATE INDEX mooring_pin_of_owner ON mooring_pin (edge_id, incarnation, state, pin_key)',
        'DROP INDEX mooring_pin_owner',
      ],
    ],
  },
};
