/**
 * Tables of the documents on a database server. Keys and names are compared byte by byte. What is large is in parts, so
 * that no statement needs a longer packet than a server takes unless told otherwise.
 */
import type { SqlStoreSchema } from '#shared/sql/migrate-sql.ts';
import { databaseNowMs } from '#shared/sql/sql-driver.ts';

const mysqlKey = 'VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL';
const mysqlName = 'VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL';
const postgresText = 'VARCHAR(128) COLLATE "C" NOT NULL';

interface Words {
  readonly key: string;
  readonly name: string;
  readonly bytes: string;
  /** MySQL has no index by itself that may be made twice. */
  readonly index: string;
  readonly options: string;
}

function tables({ key, name, bytes, index, options }: Words): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS mooring_document_session (
       session_key ${key},
       epoch BIGINT NOT NULL,
       removed SMALLINT NOT NULL,
       used_ms BIGINT NOT NULL,
       PRIMARY KEY (session_key)${index}
     )${options}`,
    // A row is one part of the updates of one commit, packed; their numbers go from the first to the last.
    `CREATE TABLE IF NOT EXISTS mooring_document_update (
       session_key ${key},
       document ${name},
       first_seq BIGINT NOT NULL,
       part INT NOT NULL,
       last_seq BIGINT NOT NULL,
       bytes ${bytes} NOT NULL,
       PRIMARY KEY (session_key, document, first_seq, part)
     )${options}`,
    `CREATE TABLE IF NOT EXISTS mooring_document_snapshot (
       session_key ${key},
       document ${name},
       part INT NOT NULL,
       seq BIGINT NOT NULL,
       bytes ${bytes} NOT NULL,
       PRIMARY KEY (session_key, document, part)
     )${options}`,
    `CREATE TABLE IF NOT EXISTS mooring_document_clock (
       id INT NOT NULL PRIMARY KEY, running_ms BIGINT NOT NULL, wall_ms BIGINT NOT NULL
     )${options}`,
  ];
}

export const documentsSchema: SqlStoreSchema = {
  store: 'documents',
  migrations: {
    mysql: [
      [
        ...tables({
          key: mysqlKey,
          name: mysqlName,
          bytes: 'LONGBLOB',
          index: ', KEY mooring_document_unused (removed, used_ms)',
          options: ' ENGINE=InnoDB',
        }),
        `INSERT IGNORE INTO mooring_document_clock (id, running_ms, wall_ms) VALUES (1, 0, ${databaseNowMs.mysql})`,
      ],
    ],
    postgres: [
      [
        ...tables({ key: postgresText, name: postgresText, bytes: 'BYTEA', index: '', options: '' }),
        'CREATE INDEX mooring_document_unused ON mooring_document_session (used_ms) WHERE removed = 0',
        `INSERT INTO mooring_document_clock (id, running_ms, wall_ms) VALUES (1, 0, ${databaseNowMs.postgres})`,
      ],
    ],
  },
};
