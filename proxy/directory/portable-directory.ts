/**
 * The directory as a dump has it. Leases and idle times stay what they are: they are moments of the directory's clock, which
 * goes on where it was. Epochs go on far above all that the dump's directory can have given out since.
 */
import { plainTable } from '#shared/dump/plain-table.ts';
import type { PortableStore, StoreConnection } from '#shared/dump/portable-store.ts';
import type { Epoch } from '#shared/ids.ts';
import { epochsPerSecond, firstEpochAt } from './first-epoch.ts';
import { noteClock } from './sql-clock.ts';
import { liftEpochs } from './sql-epochs.ts';
import { directorySchema } from './sql-schema.ts';
import { directoryFileVersion, migrateDirectory } from './sqlite-schema.ts';

const edges = plainTable({
  name: 'edge',
  table: { file: 'edge', server: 'mooring_edge' },
  columns: {
    id: 'id',
    kind: 'kind',
    boot_id: 'boot_id',
    incarnation: 'incarnation',
    address: 'address',
    weight: 'weight',
    state: 'state',
    lease_until: 'lease_until',
  },
  key: ['id'],
});

const pins = plainTable({
  name: 'pin',
  table: { file: 'pin', server: 'mooring_pin' },
  columns: {
    key: { file: 'key', server: 'pin_key' },
    edge_id: 'edge_id',
    incarnation: 'incarnation',
    epoch: 'epoch',
    state: 'state',
    idle_since: 'idle_since',
  },
  key: ['key'],
});

const fleetSettings = plainTable({
  name: 'fleet_setting',
  table: { file: 'fleet_setting', server: 'mooring_fleet_setting' },
  columns: { name: 'name', version: 'version', value: { file: 'value', server: 'setting' } },
  key: ['name'],
});

export const portableDirectory: PortableStore = {
  name: 'directory',
  fileName: 'directory.sqlite',
  fileVersion: directoryFileVersion,
  migrateFile: migrateDirectory,
  schema: directorySchema,
  tables: [edges, pins, fleetSettings],
  readMarks: async (connection) => ({
    epoch: await readNumber(connection, newestEpoch[connection.kind]),
    clock: await readClock(connection),
  }),
  raiseMarks: async (connection, { epoch = 0, clock = 0 }) => {
    const wallMs = Date.now();
    const next = (Math.max(epoch, firstEpochAt(wallMs)) + epochsPerSecond) as Epoch;
    if (connection.kind !== 'sqlite') {
      await liftEpochs(connection, connection.kind, next);
      return await noteClock(connection, clock);
    }
    const raise = 'UPDATE counter SET value = max(value, ?) WHERE name = ?';
    await connection.run(raise, [next, 'epoch']);
    await connection.run(raise, [clock, 'clock']);
  },
  // Front doors note the time twice a second.
  pulse: readClock,
};

const newestEpoch = {
  sqlite:
    "SELECT max((SELECT value FROM counter WHERE name = 'epoch'), coalesce(max(epoch), 0)) AS value FROM pin",
  mysql:
    'SELECT greatest((SELECT coalesce(max(id), 0) FROM mooring_epoch), coalesce(max(epoch), 0)) AS value FROM mooring_pin',
  postgres:
    'SELECT greatest((SELECT last_value FROM mooring_epoch), coalesce(max(epoch), 0)) AS value FROM mooring_pin',
} as const;

async function readClock(connection: StoreConnection): Promise<number> {
  return await readNumber(
    connection,
    connection.kind === 'sqlite'
      ? "SELECT value FROM counter WHERE name = 'clock'"
      : 'SELECT seen_ms AS value FROM mooring_clock',
  );
}

async function readNumber(connection: StoreConnection, statement: string): Promise<number> {
  const { rows } = await connection.run(statement);
  return rows[0]!['value'] as number;
}
