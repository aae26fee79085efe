/** Makes sure that the programs of rivals are there: installs them as root on Debian, else says how. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const installMaxMs = 300_000;

export interface Program {
  readonly path: string;
  readonly debianPackage: string;
}

export function installMissingPrograms(users: readonly { readonly program?: Program }[]): void {
  const missing = users.flatMap(({ program }) =>
    program === undefined || existsSync(program.path) ? [] : [program.debianPackage],
  );
  if (missing.length === 0) return;
  const command = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing];
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    throw new Error(`rivals are missing; as root: ${command.join(' ')}`);
  }
  console.log(`installing ${missing.join(', ')}`);
  // Run level 1: the packages must not start their services, which would take CPU and ports.
  execFileSync('env', ['RUNLEVEL=1', 'DEBIAN_FRONTEND=noninteractive', ...command], {
    stdio: 'inherit',
    timeout: installMaxMs,
  });
}
