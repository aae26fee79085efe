/**
 * A stand-in for `docker.io/library/node:24-slim` where no registry is reached, under the same name, so that
 * the Dockerfiles are built unchanged: Debian from its archive, the Node that `npm ci` installed, npm, and
 * the user `node`. Its size says nothing about the real image.
 */
import { copyFileSync, existsSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './tool-box.ts';
import type { ToolBox } from './tool-box.ts';

export const baseImage = 'docker.io/library/node:24-slim';

const nodeBinary = realpathSync(join(import.meta.dirname, '../../../node_modules/.bin/node'));
/** Inside the stand-in only: what this machine trusts, so that `npm ci` reaches the packages as it does here. */
const authoritiesPath = '/usr/local/share/stand-in-authorities.crt';
const debootstrapMaxMs = 600_000;

/** Makes the image unless the tool box has it. */
export async function ensureBaseImage(box: ToolBox): Promise<void> {
  if ((await box.tryRun('podman', ['image', 'exists', baseImage])).code === 0) return;
  const root = join(box.folder, 'base');
  const archive = join(box.folder, 'base.tar');
  rmSync(root, { recursive: true, force: true });
  await command('mmdebstrap', ['--variant=minbase', 'bookworm', root], { maxMs: debootstrapMaxMs });
  copyFileSync(nodeBinary, join(root, 'usr/local/bin/node'));
  await command('npm', ['install', '--global', '--prefix', join(root, 'usr/local'), 'npm@11']);
  await command('chroot', [root, 'groupadd', '--gid', '1000', 'node']);
  await command('chroot', [root, 'useradd', '--uid', '1000', '--gid', 'node', '--create-home', 'node']);
  const changes = ['--change', 'CMD ["node"]'];
  const authorities = process.env['NODE_EXTRA_CA_CERTS'];
  if (authorities !== undefined && existsSync(authorities)) {
    copyFileSync(authorities, join(root, authoritiesPath));
    changes.push('--change', `ENV NODE_EXTRA_CA_CERTS=${authoritiesPath}`);
  }
  await command('tar', ['-C', root, '-cf', archive, '.']);
  await box.run('podman', ['import', ...changes, archive, baseImage]);
  rmSync(root, { recursive: true });
  rmSync(archive);
}
