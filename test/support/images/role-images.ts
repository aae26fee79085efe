/** Our two images: built from the unchanged Dockerfiles, and what is in the layers that are ours. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ownTag } from '../../deployment/image-files.ts';
import type { ToolBox } from './tool-box.ts';

export const projectFolder = join(import.meta.dirname, '../../..');

export const roles = ['proxy', 'edge'] as const;
export type ImageRole = (typeof roles)[number];

export interface Layer {
  readonly step: string;
  readonly bytes: number;
}

const buildMaxMs = 600_000;

/** The next version, as far as an upgrade goes: the same image under another name. */
export const nextTag = 'next';

/** The name that the Compose file uses. */
export function imageOf(role: ImageRole, tag = ownTag): string {
  return `localhost/mooring-${role}:${tag}`;
}

export async function buildImage(box: ToolBox, role: ImageRole): Promise<void> {
  const args = ['bud', '--pull-never', '--layers', '--network', 'host'];
  // The format of Docker's builder: the other one has no place for a health check.
  args.push('--format', 'docker', '--file', `Dockerfile.${role}`, '--tag', imageOf(role), '.');
  await box.run('buildah', args, { cwd: projectFolder, maxMs: buildMaxMs });
  await box.run('podman', ['tag', imageOf(role), imageOf(role, nextTag)]);
}

/** Layers above the base, in the order of the Dockerfile. */
export async function layersOf(box: ToolBox, role: ImageRole): Promise<Layer[]> {
  const output = await box.run('podman', ['history', '--format', 'json', '--no-trunc', imageOf(role)]);
  const history = JSON.parse(output) as { CreatedBy: string; size: number }[];
  const ours = history.slice(
    0,
    history.findLastIndex((entry) => entry.CreatedBy.includes('WORKDIR')),
  );
  return ours
    .toReversed()
    .filter((entry) => entry.size > 0)
    .map((entry) => ({ step: readableStep(entry.CreatedBy), bytes: entry.size }));
}

/** 250 MB with the image of Debian 12 below, whose slim one of amd64 is 75 MB. */
const layersMaxBytes = 170_000_000;

export function checkSize(layers: readonly Layer[]): void {
  const bytes = layers.reduce((sum, layer) => sum + layer.bytes, 0);
  assert.ok(bytes < layersMaxBytes, `${bytes} bytes above Debian's`);
}

/** What a role's image must have and must not have. */
export async function checkContent(box: ToolBox, role: ImageRole): Promise<void> {
  const other = role === 'proxy' ? 'edge' : 'proxy';
  const inside = ['run', '--rm', '--network', 'none', '--read-only', '--entrypoint', '/bin/sh'];
  const find =
    "find /app -name node_modules -prune -o -type f -print && find /app/node_modules -name '*.node'";
  const files = (await box.run('podman', [...inside, imageOf(role), '-c', find])).trim().split('\n');
  assert.ok(files.includes(`/app/${role}/main.ts`), `${role} holds its own folder`);
  const foreign = files.filter(
    (path) => path.startsWith(`/app/${other}/`) || /\.(?:test|long)\.ts$/.test(path),
  );
  assert.deepEqual(foreign, [], `${role} holds nothing of the other role and no tests`);
  const binaries = files.filter((path) => path.includes('better-sqlite3'));
  assert.equal(binaries.length, 1, `${role} holds the SQLite binary of its own platform`);
  const compilers = 'for tool in cc gcc make python3; do command -v $tool; done; id -u';
  const output = await box.run('podman', [...inside, imageOf(role), '-c', compilers]);
  assert.equal(output.trim(), '1000', `${role} holds no compiler and does not run as root`);
}

/** A start without secrets ends with exit 2 and names what is missing. */
export async function checkRefusal(box: ToolBox, role: ImageRole): Promise<void> {
  const args = ['run', '--rm', '--network', 'none', '--read-only', imageOf(role)];
  const { code, errors } = await box.tryRun('podman', args);
  assert.equal(code, 2);
  for (const name of ['CT_JOIN_TOKEN', 'CT_SESSION_SECRET']) assert.match(errors, new RegExp(name));
}

function readableStep(createdBy: string): string {
  return createdBy
    .replace('/bin/sh -c #(nop) ', '')
    .replace('/bin/sh -c ', 'RUN ')
    .replace(/(dir|file|multi):[0-9a-f]{20,}/, '')
    .replace(/\s+/g, ' ')
    .trim();
}
