/** MariaDB as Debian packages it, small and quick to start. */
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { ProgramCall, SqlPlace, SqlProduct } from './sql-product.ts';

const small = {
  'innodb-buffer-pool-size': '32M',
  'innodb-log-file-size': '32M',
  'aria-pagecache-buffer-size': '1M',
  'performance-schema': 'OFF',
  'max-connections': '100',
  // With it, the kernel would go on writing for a server that is stopped for a copy of its data.
  'innodb-use-native-aio': 'OFF',
};

/** Commits reach the kernel, so they outlive a killed process. */
const untilPowerCut = { 'innodb-flush-log-at-trx-commit': '2', 'innodb-flush-method': 'nosync' };

function serve(program: string, place: SqlPlace): ProgramCall {
  const { folder, dataFolder, port, tls, isDurable, settings } = place;
  const secure = tls && {
    'ssl-cert': tls.certPath,
    'ssl-key': tls.keyPath,
    'require-secure-transport': 'ON',
  };
  const all: Record<string, string> = {
    datadir: dataFolder,
    tmpdir: folder,
    socket: join(folder, 'socket'),
    'pid-file': join(folder, 'own.pid'),
    'bind-address': '127.0.0.1',
    port: String(port),
    ...small,
    ...(isDurable ? {} : untilPowerCut),
    ...secure,
    ...settings,
  };
  const args = Object.entries(all).map(([name, value]) => `--${name}=${value}`);
  return { command: program, args: ['--no-defaults', '--skip-name-resolve', ...args] };
}

export const mariadb: SqlProduct = {
  name: 'mariadb',
  packageName: 'mariadb-server',
  program: ['/usr/sbin/mariadbd'],
  account: 'mysql',
  initialise: (_program, dataFolder) => ({
    command: 'mariadb-install-db',
    args: [
      '--no-defaults',
      `--datadir=${dataFolder}`,
      // Two that start at once take each other's temporary tables in a folder that they share.
      `--tmpdir=${dirname(dataFolder)}`,
      '--skip-test-db',
      '--auth-root-authentication-method=socket',
      `--auth-root-socket-user=${userInfo().username}`,
      `--innodb-log-file-size=${small['innodb-log-file-size']}`,
      '--innodb-flush-method=nosync',
    ],
  }),
  configure: () => {},
  serve,
  ask: (_program, { folder }, database) => ({
    command: 'mariadb',
    args: [
      '--no-defaults',
      '--batch',
      '--skip-column-names',
      `--socket=${join(folder, 'socket')}`,
      `--user=${userInfo().username}`,
      ...(database === undefined ? [] : [`--database=${database}`]),
      '--execute',
    ],
  }),
  createUser: (user, password) => `CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`,
  createDatabase: (database, user) => [
    `CREATE DATABASE ${database}`,
    `GRANT ALL ON ${database}.* TO '${user}'@'%'`,
  ],
  stopSignal: 'SIGTERM',
  staleFiles: [],
};
