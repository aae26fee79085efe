/** The driver of a dialect, read from the disk when a store of that dialect is opened: most processes need none, and no process both. */
import type { DatabaseSettings } from './database-settings.ts';
import type { SqlDriver } from './sql-driver.ts';

export async function loadDriver(settings: DatabaseSettings, connectionsMax: number): Promise<SqlDriver> {
  if (settings.dialect === 'mysql') {
    const { createMysqlDriver } = await import('./mysql-driver.ts');
    return createMysqlDriver(settings, connectionsMax);
  }
  const { createPostgresDriver } = await import('./postgres-driver.ts');
  return createPostgresDriver(settings, connectionsMax);
}
