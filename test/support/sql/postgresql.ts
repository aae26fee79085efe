/** PostgreSQL as Debian packages it, small and quick to start. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ProgramCall, SqlPlace, SqlProduct } from './sql-product.ts';

const administrator = 'postgres';

const small = {
  shared_buffers: '32MB',
  max_connections: '100',
  max_wal_senders: '0',
  wal_level: 'minimal',
  jit: 'off',
};

/** Commits reach the kernel, so they outlive a killed process. */
const untilPowerCut = { fsync: 'off', full_page_writes: 'off' };

function configure({ dataFolder, tls }: SqlPlace): void {
  // The socket is in a folder that nobody else may enter.
  const kind = tls === undefined ? 'host' : 'hostssl';
  // Where it listens is a matter of its settings.
  const lines = ['local all all trust', `${kind} all all all scram-sha-256`];
  writeFileSync(join(dataFolder, 'pg_hba.conf'), `${lines.join('\n')}\n`);
}

function serve(program: string, place: SqlPlace): ProgramCall {
  const { folder, dataFolder, port, tls, isDurable, settings } = place;
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: folder,
    ...small,
    ...(isDurable ? {} : untilPowerCut),
    ...(tls && { ssl: 'on', ssl_cert_file: tls.certPath, ssl_key_file: tls.keyPath }),
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return { command: program, args: ['-D', dataFolder, ...args] };
}

const plain = [
  '--no-psqlrc',
  '--quiet',
  '--tuples-only',
  '--no-align',
  '--field-separator=\t',
  '--set=ON_ERROR_STOP=1',
];

export const postgresql: SqlProduct = {
  name: 'postgresql',
  packageName: 'postgresql',
  program: ['/usr/lib/postgresql/*/bin/postgres'],
  account: 'postgres',
  initialise: (program, dataFolder) => ({
    command: join(dirname(program), 'initdb'),
    args: ['-D', dataFolder, '--no-sync', '--auth=trust', '-U', administrator, '-E', 'UTF8', '--locale=C'],
  }),
  configure,
  serve,
  ask: (program, { folder, port }, database = 'postgres') => ({
    command: join(dirname(program), 'psql'),
    args: [
      ...plain,
      `--host=${folder}`,
      `--port=${port}`,
      `--username=${administrator}`,
      `--dbname=${database}`,
      '--command',
    ],
  }),
  createUser: (user, password) => `CREATE ROLE ${user} LOGIN PASSWORD '${password}'`,
  createDatabase: (database, user) => [`CREATE DATABASE ${database} OWNER ${user} STRATEGY file_copy`],
  stopSignal: 'SIGINT',
  staleFiles: ['postmaster.pid'],
};
