/**
 * Stand-ins for the images of Debian and of Node where no registry is reached, under the same names, so that the
 * Dockerfiles are built unchanged: Debian from its archive; with the Node that `npm ci` installed, npm, and the user
 * `node`. Their size says nothing about the real images.
 */
import { copyFileSync, existsSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './tool-box.ts';
import type { ToolBox } from './tool-box.ts';

export const baseImage = 'docker.io/library/debian:bookworm-slim';
const nodeImage = 'docker.io/library/node:24-bookworm-slim';

const nodeBinary = realpathSync(join(import.meta.dirname, '../../../node_modules/.bin/node'));
/** Inside the stand-in only: what this machine trusts, so that `npm ci` reaches the packages as it does here. */
const authoritiesPath = '/usr/local/share/stand-in-authorities.crt';
const debootstrapMaxMs = 600_000;

/** Makes the images unless the tool box has them. */
export async function ensureBaseImages(box: ToolBox): Promise<void> {
  const known = await Promise.all(
    [baseImage, nodeImage].map(async (name) => await box.tryRun('podman', ['image', 'exists', name])),
  );
  if (known.every(({ code }) => code === 0)) return;
  const root = join(box.folder, 'base');
  const archive = join(box.folder, 'base.tar');
  rmSync(root, { recursive: true, force: true });
  await command('mmdebstrap', ['--variant=minbase', 'bookworm', root], { maxMs: debootstrapMaxMs });
  await importFolder(box, { root, archive }, [baseImage]);
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
  await importFolder(box, { root, archive }, [...changes, nodeImage]);
  rmSync(root, { recursive: true });
  rmSync(archive);
}

async function importFolder(
  box: ToolBox,
  { root, archive }: { root: string; archive: string },
  asImage: readonly string[],
): Promise<void> {
  await command('tar', ['-C', root, '-cf', archive, '.']);
  const [name, changes] = [asImage.at(-1)!, asImage.slice(0, -1)];
  await box.run('podman', ['import', ...changes, archive, name]);
}
