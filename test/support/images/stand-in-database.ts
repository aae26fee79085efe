/**
 * A stand-in for `docker.io/library/mysql:8.4` where no registry is reached, under the same name, so that the Compose file
 * runs unchanged: MariaDB of Debian with the variables, user and folders of MySQL's image. It proves nothing of MySQL itself.
 */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './tool-box.ts';
import type { ToolBox } from './tool-box.ts';

const databaseImage = 'docker.io/library/mysql:8.4';
/** As in MySQL's image. */
const account = 999;
const debootstrapMaxMs = 600_000;

/** First an empty data folder and the account, on a socket alone, then the server that is asked for. */
const entrypoint = `#!/bin/sh
set -eu
data=/var/lib/mysql
if [ ! -d "$data/mysql" ]; then
  mariadb-install-db --datadir="$data" --auth-root-authentication-method=normal --skip-test-db >/dev/null
  mariadbd --datadir="$data" --skip-networking &
  until mariadb-admin ping --silent >/dev/null 2>&1; do sleep 0.2; done
  mariadb --user=root --execute="CREATE DATABASE $MYSQL_DATABASE;
    CREATE USER '$MYSQL_USER'@'%' IDENTIFIED BY '$MYSQL_PASSWORD'; GRANT ALL ON $MYSQL_DATABASE.* TO '$MYSQL_USER'@'%'"
  mariadb-admin --user=root shutdown
  wait
fi
exec "$@" --datadir="$data" --bind-address=0.0.0.0
`;

/** Makes the image unless the tool box has it. */
export async function ensureDatabaseImage(box: ToolBox): Promise<void> {
  if ((await box.tryRun('podman', ['image', 'exists', databaseImage])).code === 0) return;
  const root = join(box.folder, 'database');
  const archive = join(box.folder, 'database.tar');
  rmSync(root, { recursive: true, force: true });
  const options = ['--variant=minbase', '--include=mariadb-server', 'bookworm', root];
  await command('mmdebstrap', options, { maxMs: debootstrapMaxMs });
  await command('chroot', [root, 'groupmod', '--gid', String(account), '--non-unique', 'mysql']);
  await command('chroot', [root, 'usermod', '--uid', String(account), '--non-unique', 'mysql']);
  const data = join(root, 'var/lib/mysql');
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { mode: 0o750 });
  await command('chown', [`${account}:${account}`, data]);
  writeFileSync(join(root, 'usr/local/bin/stand-in-entrypoint'), entrypoint);
  chmodSync(join(root, 'usr/local/bin/stand-in-entrypoint'), 0o755);
  // Logs go to the output, as in MySQL's image.
  writeFileSync(
    join(root, 'etc/mysql/my.cnf'),
    '[client-server]\nsocket = /var/run/mysqld/mysqld.sock\n[mariadbd]\ntmpdir = /tmp\n',
  );
  await command('tar', ['-C', root, '-cf', archive, '.']);
  const changes = ['ENTRYPOINT ["stand-in-entrypoint"]', 'CMD ["mysqld"]', 'VOLUME /var/lib/mysql'];
  const args = changes.flatMap((change) => ['--change', change]);
  await box.run('podman', ['import', ...args, archive, databaseImage]);
  rmSync(root, { recursive: true });
  rmSync(archive);
}
