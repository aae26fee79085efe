/** Settings of the fleet in the directory's file: a value under a name, changed by whoever has seen the newest. */
import type Database from 'better-sqlite3';
import type { FleetSetting } from './directory.ts';

export function fleetSettingOperations(database: Database.Database): {
  readFleetSetting: (name: string) => FleetSetting | undefined;
  writeFleetSetting: (input: { name: string; value: string; seen: number }) => boolean;
} {
  const read = database.prepare<[string], FleetSetting>(
    'SELECT version, value FROM fleet_setting WHERE name = ?',
  );
  const insert = database.prepare(
    'INSERT INTO fleet_setting (name, version, value) VALUES (:name, 1, :value) ON CONFLICT DO NOTHING',
  );
  const update = database.prepare(
    'UPDATE fleet_setting SET version = version + 1, value = :value WHERE name = :name AND version = :seen',
  );
  return {
    readFleetSetting: (name) => read.get(name),
    writeFleetSetting: ({ name, value, seen }) =>
      (seen === 0 ? insert.run({ name, value }) : update.run({ name, value, seen })).changes > 0,
  };
}
