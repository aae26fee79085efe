/** Brings a SQLite file to the newest version of its tables. Forward only: a file that a newer program wrote is refused. */
import type Database from 'better-sqlite3';

/**
 * Runs the statements of `migrations` that the file has not seen. Safe when several processes start at once. `store`
 * names the file in the error.
 */
export function migrate(database: Database.Database, store: string, migrations: readonly string[]): void {
  const run = database.transaction(() => {
    const version = database.pragma('user_version', { simple: true }) as number;
    if (version > migrations.length) {
      throw new Error(
        `the ${store} has schema version ${version}, this program knows ${migrations.length}: use the newer program`,
      );
    }
    for (const statement of migrations.slice(version)) database.exec(statement);
    database.pragma(`user_version = ${migrations.length}`);
  });
  run.immediate();
}
