/** Tables of the rosters on a database server. Keys are compared byte by byte; all times are of the running clock. */
import type { SqlStoreSchema } from '#shared/sql/migrate-sql.ts';
import { databaseNowMs } from '#shared/sql/sql-driver.ts';
import type { SqlDialect } from '#shared/sql/sql-driver.ts';

interface Words {
  readonly key: string;
  readonly bytes: string;
  /** MySQL has no index by itself that may be made twice. */
  readonly indexes: readonly [string, string];
  readonly options: string;
}

function tables({ key, bytes, indexes, options }: Words): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS mooring_roster (
       session_key ${key},
       epoch BIGINT NOT NULL,
       birth BIGINT NULL,
       bytes ${bytes} NULL,
       requests ${bytes} NULL,
       used_ms BIGINT NOT NULL,
       PRIMARY KEY (session_key)${indexes[0]}
     )${options}`,
    `CREATE TABLE IF NOT EXISTS mooring_roster_end (
       session_key ${key},
       birth BIGINT NOT NULL,
       ended_ms BIGINT NOT NULL,
       PRIMARY KEY (session_key, birth)${indexes[1]}
     )${options}`,
    `CREATE TABLE IF NOT EXISTS mooring_roster_clock (
       id INT NOT NULL PRIMARY KEY, running_ms BIGINT NOT NULL, wall_ms BIGINT NOT NULL
     )${options}`,
  ];
}

function firstTime(dialect: SqlDialect): string {
  return `INTO mooring_roster_clock (id, running_ms, wall_ms) VALUES (1, 0, ${databaseNowMs[dialect]})`;
}

export const rostersSchema: SqlStoreSchema = {
  store: 'rosters',
  migrations: {
    mysql: [
      [
        ...tables({
          key: 'VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL',
          bytes: 'LONGBLOB',
          indexes: [', KEY mooring_roster_unused (used_ms)', ', KEY mooring_roster_end_age (ended_ms)'],
          options: ' ENGINE=InnoDB',
        }),
        `INSERT IGNORE ${firstTime('mysql')}`,
      ],
    ],
    postgres: [
      [
        ...tables({
          key: 'VARCHAR(128) COLLATE "C" NOT NULL',
          bytes: 'BYTEA',
          indexes: ['', ''],
          options: '',
        }),
        'CREATE INDEX mooring_roster_unused ON mooring_roster (used_ms)',
        'CREATE INDEX mooring_roster_end_age ON mooring_roster_end (ended_ms)',
        `INSERT ${firstTime('postgres')}`,
      ],
    ],
  },
};
